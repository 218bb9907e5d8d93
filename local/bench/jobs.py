"""
Which job is measured: the shipped one under a plan, or its floor.

Rule: both compilers of each JVM run, unlike in `make run`, because sustained speed is
measured; all else is as on MSF, but for checkpoints every 10 s and not every 60.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from local import artifacts, flink_files, job, session, setup_ends
from local.flink_files import JobPlan
from local.services import Places, Service
from local.stack import Stack

CHECKPOINT_MS = 10_000
# services with both compilers, as in production, and no disk of DynamoDB's that nobody would wait for there
WARM_PLACES = partial(Places, compilers=(), fleeting=True)
_JVM = "-Xmx2g -XX:+UseG1GC"
_FLOOR = Path(__file__).with_name("floor_job.py")
_PACKAGES = ("flink_app", "udfs", "schemas")  # all that the job runs

MakeServices = Callable[[Places, JobPlan], Sequence[Service]]


def the_job(places: Places, plan: JobPlan) -> list[Service]:
    """The shipped job, in one process."""
    return [job.job(places, plan)]


def the_floor(places: Places, plan: JobPlan) -> list[Service]:
    """The same ends with an operator that decides nothing."""
    return [_instead(job.job(places, plan), "--identity")]


def the_jvm_floor(places: Places, plan: JobPlan) -> list[Service]:
    """From Kafka to Kafka in the JVM alone."""
    return [_instead(job.job(places, plan), "--jvm")]


def with_catalogue(entries: str) -> MakeServices:
    """The shipped job, but for its catalogue of features: *entries*, as catalogue.yaml has them."""

    def services(places: Places, plan: JobPlan) -> list[Service]:
        code = _code(places)
        for package in _PACKAGES:
            shutil.copytree(artifacts.PROJECT / package, code / package, dirs_exist_ok=True)
        (code / "udfs" / "features" / "catalogue.yaml").write_text(entries, encoding="utf-8")
        return [_run_from(code, job.job(places, plan))]

    return services


@dataclass(frozen=True, slots=True, kw_only=True)
class JobUnderTest:
    """
    A job, and how it is started.

    Attributes:
        plan: What it runs under.
        services: Its processes, in the order in which they are started.
    """

    plan: JobPlan
    services: MakeServices = the_job

    @property
    def traits(self) -> dict[str, object]:
        """What a report says of it."""
        mode = self.plan.properties.get("engine", {}).get("execution.mode", "thread")
        return {"backend": self.plan.backend, "mode": mode, "parallelism": self.plan.parallelism}


def bench_plan(
    *,
    backend: str = "rocksdb",
    hot_state: bool = False,
    parallelism: int = 1,
    mode: str = "thread",
    stages: bool = True,
) -> JobPlan:
    """The plan of a measured job: live, without DynamoDB unless *hot_state*."""
    return JobPlan(
        parallelism=parallelism,
        backend=backend,
        checkpoint_ms=CHECKPOINT_MS,
        jvm=_JVM,
        properties={
            "hot.state": {"enabled": str(hot_state).lower()},
            "order": {"wait": "none"},
            "engine": {"execution.mode": mode, "entity.stages": "on" if stages else "off"},
        },
    )


def begin(stack: Stack, under_test: JobUnderTest) -> None:
    """
    Empty services and the job run; what ran before does not.

    Raises:
        StackError: If the job would not take its settings; then all stays as it is.
    """
    job.require_settings(stack.places, under_test.plan)
    begin_services(stack)
    add_job(stack, under_test)


def begin_services(stack: Stack) -> None:
    """Empty services run, and no job."""
    leave_nothing(stack)
    shutil.rmtree(stack.places.run / "logs", ignore_errors=True)
    stack.start()
    setup_ends.create_ends(stack.endpoints)


def add_job(stack: Stack, under_test: JobUnderTest) -> None:
    """The job runs beside the services."""
    for service in under_test.services(stack.places, under_test.plan):
        stack.add(service)


def leave_nothing(stack: Stack) -> None:
    """Neither job nor services run, and nothing is left of them but logs: no job could go on from a floor."""
    session.stop(stack)
    stack.stop(stack.running())
    stack.erase()
    run = stack.places.run
    for leftover in (flink_files.checkpoints(run), run / "tmp", _code(stack.places)):
        shutil.rmtree(leftover, ignore_errors=True)


def _code(places: Places) -> Path:
    return places.run / "code"


def _run_from(code: Path, service: Service) -> Service:
    """*service* with the job's packages as they are in *code*."""
    environment = {**dict(service.environment), "PYTHONPATH": str(code)}
    copied = replace(service, environment=tuple(environment.items()))
    return _running(copied, code / "flink_app" / "main.py")


def _instead(service: Service, kind: str) -> Service:
    """*service* with the floor's program instead of the job's."""
    floor = _running(service, _FLOOR)
    return replace(floor, command=(*floor.command, kind))


def _running(service: Service, program: Path) -> Service:
    """*service* with *program* instead of the job's."""
    words = tuple(str(program) if word.endswith("main.py") else word for word in service.command)
    return replace(service, command=words)
