"""
Names and uids for the operators that Flink's SQL planner makes.

The planner sets no uid, and numbers its names by the order of planning; without
a uid of ours the offsets in a savepoint would be lost when the graph changes.
Rule: a uid is made of the operator's kind and the table or operator it serves,
so it stays when something else is added. `pipeline.auto-generate-uids` is off:
Flink itself refuses an operator without one. ADR-0003.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_NUMBER = re.compile(r"\[\d+\]")
_VIEW = re.compile(r"\*anonymous_datastream_source\$\d+\*")


def name_planned_operators(env: Any) -> dict[str, str]:
    """Every operator has a uid afterwards; the result is name by uid, of the planner's own."""
    named: dict[str, str] = {}
    for transformation, consumer in _upwards(env):
        if transformation.getUid() is None:
            uid = _unique(_uid(transformation, consumer), named)
            transformation.setUid(uid)
            transformation.setName(uid.removesuffix("-v1").replace("-", " "))
            named[uid] = transformation.getName()
    return named


def transformations(env: Any) -> list[Any]:
    """Every transformation of the job, sinks first, each before what it reads."""
    return [transformation for transformation, _ in _upwards(env)]


def _upwards(env: Any) -> Iterator[tuple[Any, Any]]:
    """Each transformation once, with the first that reads it, from the sinks up."""
    roots = env._j_stream_execution_environment.getTransformations()  # noqa: SLF001  # no accessor in Python
    queue = [(roots.get(index), None) for index in reversed(range(roots.size()))]
    seen: set[int] = set()
    for transformation, consumer in queue:
        if transformation.getId() not in seen:
            seen.add(transformation.getId())
            yield transformation, consumer
            inputs = transformation.getInputs()
            queue += [(inputs.get(index), transformation) for index in range(inputs.size())]


def _uid(transformation: Any, consumer: Any) -> str:
    kind = _VIEW.sub("rows", _NUMBER.sub("", transformation.getName()))
    served = _served(transformation, consumer)
    return re.sub(r"[^a-z0-9]+", "-", f"{kind} {served}".lower()).strip("-") + "-v1"


def _served(transformation: Any, consumer: Any) -> str:
    """What an operator is for: a source is for itself, the rest for whatever reads it."""
    if transformation.getInputs().isEmpty() or consumer is None:
        return ""
    return "for " + str(consumer.getUid() or consumer.getName()).removesuffix("-v1")


def _unique(uid: str, named: dict[str, str]) -> str:
    if uid not in named:
        return uid
    return next(
        candidate
        for number in range(2, len(named) + 3)
        if (candidate := f"{uid.removesuffix('-v1')}-{number}-v1") not in named
    )
