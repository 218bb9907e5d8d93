"""Entry point: load settings, make the environment, attach the ends, execute."""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from pathlib import Path

from pyflink.datastream import StreamExecutionEnvironment

from flink_app.environment import forget_planning, make_environment
from flink_app.job import Inputs, build
from flink_app.settings import PROPERTIES_PATH, Settings, load_settings
from flink_app.sinks import attach_sinks
from flink_app.sources import CALM, live_pace, read_topic
from flink_app.uids import name_planned_operators
from flink_app.ways import converts, sells_articles, ways_of
from schemas.errors import ConfigurationError


def assemble(settings: Settings) -> StreamExecutionEnvironment:
    """The whole job under *settings*, its ends attached and its operators named; nothing runs yet."""
    env, tables = make_environment(settings)
    kafka, order = settings.kafka, settings.order
    calm = partial(read_topic, tables, kafka=kafka, order=order, pace=CALM)
    inputs = Inputs(
        transactions=read_topic(tables, kafka.transactions_topic, kafka, order, live_pace(settings)),
        customers=calm(kafka.customers_topic),
        labels=calm(kafka.labels_topic),
        inventory=calm(kafka.inventory_topic) if sells_articles(settings) else None,
        rates=calm(kafka.rates_topic) if converts(settings) else None,
    )
    attach_sinks(tables, build(inputs, ways_of(settings)), settings)
    name_planned_operators(env)
    forget_planning(env)
    return env


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="flink_app.main", description="Submit the fraudstream job.")
    parser.add_argument("--properties", type=Path, default=PROPERTIES_PATH, help="file of property groups")
    try:
        assemble(load_settings(parser.parse_args().properties)).execute("fraudstream")
    except ConfigurationError as fault:
        sys.exit(f"fraudstream: {fault}")
    sys.stdout.flush()
    os._exit(0)  # PyFlink's gRPC servers can't be stopped at exit on Python 3.12 and say so at length
