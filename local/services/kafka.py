"""
The broker: one Kafka node in KRaft mode, its own controller.

Topics are made by `local.topics` alone: a client that names a topic which does not
exist gets an error, as on the production cluster.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from local.ports import HOST
from local.services import Places, Service
from local.services.probes import kafka_answers

NAME = "kafka"
LOGGING = Path(__file__).with_name("log4j2.xml")
CLUSTER_ID = "ZnJhdWRzdHJlYW0tbG9jYQ"  # 16 bytes in base64, as Kafka wants: "fraudstream-loca"


def kafka(places: Places, java: str) -> Service:
    """A broker on its two ports, its storage formatted before the first start."""
    settings = places.settings("kafka.properties")
    jvm = (java, f"-Dlog4j2.configurationFile={LOGGING}", "-cp", places.classpath(NAME))
    return Service(
        name=NAME,
        ports=("kafka", "controller"),
        command=(jvm[0], *places.compilers, *HEAP, *jvm[1:], "kafka.Kafka", str(settings)),
        ready=partial(kafka_answers, places.ports.kafka),
        deadline_s=90,
        files=((settings, properties(places)),),
        data=places.data(NAME),
        first=(*jvm, "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(settings)),
        first_leaves=places.data(NAME) / "meta.properties",
    )


# the collector's settings are those of Kafka's own start script
HEAP = (
    "-Xms256m",
    "-Xmx512m",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
)


def properties(places: Places) -> str:
    """The broker's settings file."""
    plain, control = (f"{HOST}:{port}" for port in (places.ports.kafka, places.ports.controller))
    lines = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{control}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{plain},CONTROLLER://{control}",
        "advertised.listeners": f"PLAINTEXT://{plain}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": str(places.data(NAME)),
        **ALONE,
        **SMALL,
    }
    return "".join(f"{key}={value}\n" for key, value in lines.items())


# a node that has no peer to wait for
ALONE = {
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    # after a kill, the next start waits until its former self's session is over: 9 s unless set
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "controlled.shutdown.enable": "false",
}

# a node that shares two cores and half a gigabyte
SMALL = {
    "num.partitions": "4",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.num.partitions": "4",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "2",
    "log.cleaner.dedupe.buffer.size": "16777216",
}
