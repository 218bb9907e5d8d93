"""
The Flink environment, with nothing set in code but what Managed Flink allows.

Rule: only keys on MSF's allow-list (reference: msf-packaging). Checkpoints,
state backend, parallelism and restarts come from the cluster, here or there.
"""

from __future__ import annotations

from pyflink.common import Configuration
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.table import StreamTableEnvironment
from pyflink.util.java_utils import get_j_env_configuration

from flink_app.settings import Settings
from schemas.errors import BadSetting


def make_environment(settings: Settings) -> tuple[StreamExecutionEnvironment, StreamTableEnvironment]:
    """
    The environment and its tables, in the execution mode that *settings* ask for.

    Raises:
        BadSetting: If the cluster takes unaligned checkpoints.
    """
    configuration = Configuration()
    configuration.set_string("python.execution-mode", settings.engine.execution_mode)
    configuration.set_string("pipeline.auto-generate-uids", "false")
    # Rows are made once and never changed: copying one of 70 fields for every sink is for nothing.
    configuration.set_string("pipeline.object-reuse", "true")
    configuration.set_string("pipeline.max-parallelism", str(settings.engine.max_parallelism))
    env = StreamExecutionEnvironment.get_execution_environment()
    env.configure(configuration)
    if env.get_checkpoint_config().is_unaligned_checkpoints_enabled():
        # They would write messages on their way to disk, and those hold card numbers (ADR-0011).
        raise BadSetting("execution.checkpointing.unaligned", "true", "false, on the cluster")
    return env, StreamTableEnvironment.create(env)


def forget_planning(env: StreamExecutionEnvironment) -> None:
    """
    *env* no longer holds what the SQL planner noted there for itself while it planned.

    Nothing reads it once all is planned. Under MSF's lock it would be taken for keys set in code, and the
    job refused (ADR-0017).
    """
    configuration = get_j_env_configuration(env._j_stream_execution_environment)  # noqa: SLF001  # no accessor in Python
    for key in list(configuration.keySet()):
        if key.startswith("__table.query-start."):
            configuration.removeKey(key)
