"""
Names and uids for the operators that Flink's SQL planner makes.

The planner sets no uid, and numbers its names by the order of planning; without
a uid of ours the offsets in a savepoint would be lost when the graph changes.
Rule: a uid is made of the operator's kind and what it serves (a table, a folder
of the archive, an operator of ours), so it stays when something else is added.
`pipeline.auto-generate-uids` is off: Flink itself refuses an operator without
one. tests/graph holds the list. ADR-0003.
"""

from __future__ import annotations

import re
from typing import Any

from flink_app.sinks import FOLDERS

_NUMBER = re.compile(r"\[\d+\]")
_VIEW = re.compile(r"\*anonymous_datastream_source\$\d+\*")
_VERSION = "-v1"
_END = "end"  # of a folder's pipeline: a sink that does nothing, and all that the planner calls it


def name_planned_operators(env: Any) -> dict[str, str]:
    """Every operator has a uid afterwards; the result is name by uid, of the planner's own."""
    named: dict[str, str] = {}
    subjects: dict[int, str] = {}  # what those that serve an operator are for
    found = transformations(env)
    readers, ends = _readers(found), _ends(env)
    for transformation in found:
        number, uid = transformation.getId(), transformation.getUid()
        subject = subjects.get(readers.get(number, 0), "")
        if uid is None:
            kind = ends.get(number) or _kind(transformation)
            uid = _unique(kind if _stands_alone(transformation) else f"{kind} for {subject}", named)
            transformation.setUid(uid)
            transformation.setName(uid.removesuffix(_VERSION).replace("-", " "))
            named[uid] = transformation.getName()
            subjects[number] = subject or named[uid]
        else:
            subjects[number] = uid.removesuffix(_VERSION)
    return named


def transformations(env: Any) -> list[Any]:
    """Every transformation of the job, each before what it reads."""
    queue, found = _roots(env), dict[int, Any]()
    for transformation in queue:
        if transformation.getId() not in found:
            found[transformation.getId()] = transformation
            queue += _each(transformation.getInputs())
    return [found[number] for number in sorted(found, reverse=True)]  # Flink counts them as they are made


def _roots(env: Any) -> list[Any]:
    return _each(env._j_stream_execution_environment.getTransformations())  # noqa: SLF001  # no accessor in Python


def _each(java_list: Any) -> list[Any]:
    return [java_list.get(index) for index in range(java_list.size())]


def _readers(found: list[Any]) -> dict[int, int]:
    """The first that reads each transformation, both by id."""
    return {source.getId(): reader.getId() for reader in found for source in _each(reader.getInputs())}


def _ends(env: Any) -> dict[int, str]:
    """The archive's folders by the id of their pipelines' ends, which come in the order of `FOLDERS`."""
    found = [root.getId() for root in _roots(env) if root.getName() == _END]
    return {end: f"archive {folder.name}" for end, folder in zip(found, FOLDERS, strict=True)}


def _stands_alone(transformation: Any) -> bool:
    """Whether it is a source or a sink, which has a name of its own."""
    return transformation.getInputs().isEmpty() or "Sink" in transformation.getClass().getSimpleName()


def _kind(transformation: Any) -> str:
    """What an operator does; a side output, whose it is."""
    name = _VIEW.sub("rows", _NUMBER.sub("", transformation.getName()))
    if name == "SideOutput":
        return f"side output of {transformation.getInputs().get(0).getName()}"
    return name


def _unique(name: str, named: dict[str, str]) -> str:
    """A uid made of *name*, with a number if it is taken: only operators without state are ever alike."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    numbered = (f"{plain}-{number}" if number > 1 else plain for number in range(1, len(named) + 2))
    return next(f"{each}{_VERSION}" for each in numbered if f"{each}{_VERSION}" not in named)
