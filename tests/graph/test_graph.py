"""The real graph, between real table sources and sinks: names, uids, shape. Nothing is contacted."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from flink_app.main import assemble
from flink_app.properties import Groups
from flink_app.settings import parse_settings
from flink_app.uids import transformations

pytestmark = pytest.mark.graph

GROUPS = {
    "kafka": {"bootstrap.servers": "nowhere.invalid:9092"},
    "card": {"key.source": "file:/nowhere"},
    "archive": {"path": "file:///nowhere/archive"},
}


def promised(file: str) -> list[str]:
    """The uids on the list in *file*."""
    lines = Path(__file__).with_name(file).read_text().splitlines()
    return [line for line in lines if not line.startswith("#")]


class Operator(NamedTuple):
    """What the graph tells of one operator."""

    name: str
    uid: str


class Task(NamedTuple):
    """What Flink runs as one: how it is reached from other tasks, and its key groups."""

    reached_by: list[str]
    max_parallelism: int


class Graph(NamedTuple):
    """The graph as built, and the tasks that Flink makes of it, by name."""

    operators: list[Operator]
    tasks: dict[str, Task]


@pytest.fixture(scope="module")
def in_base(gateway: object) -> Graph:
    """What `main` submits with exchange rates on."""
    return planned({**GROUPS, "base": {"rates": "on"}})


@pytest.fixture(scope="module")
def graph(gateway: object) -> Graph:
    """What `main` submits, up to but without `execute`."""
    return planned(GROUPS)


def planned(groups: Groups) -> Graph:
    """The graph under the settings of *groups*."""
    env = assemble(parse_settings(groups))
    operators = [Operator(each.getName(), each.getUid()) for each in transformations(env)]
    return Graph(operators, tasks_of(env))


def tasks_of(env: Any) -> dict[str, Task]:
    """The tasks of the job; planning them is where Flink refuses an operator without a uid."""
    job = env._generate_stream_graph(clear_transformations=True).getJobGraph()
    vertices = each_of(job.getVerticesSortedTopologicallyFromSources())
    return {
        vertex.getName(): Task(
            [edge.getShipStrategyName() for edge in each_of(vertex.getInputs())], vertex.getMaxParallelism()
        )
        for vertex in vertices
    }


def each_of(java_list: Any) -> list[Any]:
    """A Java list as ours."""
    return [java_list.get(index) for index in range(java_list.size())]


def test_every_uid_is_on_the_list(graph: Graph) -> None:
    """Each operator has the uid that was promised, and none has another; Flink makes none of its own."""
    assert sorted(operator.uid for operator in graph.operators) == sorted(promised("uids.txt"))


def test_rates_add_operators_and_change_none(graph: Graph, in_base: Graph) -> None:
    """With rates on each operator keeps its uid, so that they can be switched on with the state there is."""
    added = promised("uids_rates.txt")
    assert sorted(each.uid for each in in_base.operators) == sorted([*promised("uids.txt"), *added])


def test_rates_reach_every_subtask_of_the_first_stage(in_base: Graph) -> None:
    """The merchants' stage hears of all rates; intake still shares the task of its source."""
    [merchant] = [name for name in in_base.tasks if name.startswith("observe merchant")]
    assert sorted(in_base.tasks[merchant].reached_by) == ["BROADCAST", "HASH", "HASH", "HASH"]
    [source] = [name for name in in_base.tasks if name.startswith("Source: read transactions")]
    assert source.endswith("intake")
    assert len(in_base.tasks) == 1 + 12


def test_names_say_what_uids_say(graph: Graph) -> None:
    """A name is its uid in words: a box on Flink's page and a line of the list are found by each other."""
    words = {operator.uid.removesuffix("-v1").replace("-", " ") for operator in graph.operators}
    assert {operator.name for operator in graph.operators} == words


def test_everything_of_an_account_is_one_task(graph: Graph) -> None:
    """The deciding task is fed by the merchants' stage and by profiles, both by key."""
    [task] = [name for name in graph.tasks if name.startswith("decide")]
    assert graph.tasks[task].reached_by == ["HASH", "HASH"]
    sources = [name for name in graph.tasks if name.startswith("Source: read")]
    assert sorted(name.split(" -> ")[0] for name in sources) == [
        "Source: read customers",
        "Source: read inventory",
        "Source: read labels",
        "Source: read transactions",
    ]


def test_decisions_leave_from_the_task_that_made_them(graph: Graph) -> None:
    """Topics are written in the deciding task; files in one of their own, that S3 may hold up."""
    [decide] = [name for name in graph.tasks if name.startswith("decide")]
    for topic in ("decisions", "alerts", "alerts priority", "late"):
        assert f"write {topic}: Writer" in decide
    assert "streamingfilewriter" not in decide
    [archive] = [name for name in graph.tasks if name.startswith("rows for archive decisions")]
    assert graph.tasks[archive].reached_by == ["RESCALE"]


def test_graph_has_as_many_tasks_as_it_needs(graph: Graph) -> None:
    """Four sources, merchants, the decision, dead letters, the archive, and the four ends of its folders."""
    assert len(graph.tasks) == 4 + 1 + 1 + 1 + 1 + 4


def test_intake_shares_the_task_of_its_source(graph: Graph) -> None:
    """What is checked goes over the wire once: by the merchant, who also hears of labels and articles."""
    [source] = [name for name in graph.tasks if name.startswith("Source: read transactions")]
    assert source.endswith("intake")
    [merchant] = [name for name in graph.tasks if name.startswith("observe merchant")]
    assert graph.tasks[merchant].reached_by == ["HASH", "HASH", "HASH"]


def test_key_groups_are_fixed(graph: Graph) -> None:
    """Every task has the maximum parallelism of the settings, which is fixed for the life of the state."""
    assert {task.max_parallelism for task in graph.tasks.values()} == {512}


def test_without_stages_the_decision_reads_the_topic(gateway: object) -> None:
    """`entity.stages` = off leaves out intake, merchants and inventory; an account's task has the rest."""
    env = assemble(parse_settings({**GROUPS, "engine": {"entity.stages": "off"}}))
    names = {each.getName() for each in transformations(env)}
    assert "decide" in names
    assert not {name for name in names if name.startswith(("intake", "observe")) or "inventory" in name}
