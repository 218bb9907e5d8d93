"""Entry point: load settings, make the environment, attach the ends, execute."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from pyflink.datastream import StreamExecutionEnvironment

from flink_app.environment import forget_planning, make_environment
from flink_app.job import build
from flink_app.settings import PROPERTIES_PATH, Settings, load_settings
from flink_app.sinks import attach_sinks
from flink_app.sources import read_inputs
from flink_app.uids import name_planned_operators
from flink_app.ways import ways_of
from schemas.errors import ConfigurationError


def assemble(settings: Settings) -> StreamExecutionEnvironment:
    """The whole job under *settings*, its ends attached and its operators named; nothing runs yet."""
    env, tables = make_environment(settings)
    streams = build(read_inputs(tables, settings), ways_of(settings))
    attach_sinks(tables, streams, settings)
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
