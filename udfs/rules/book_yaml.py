"""
YAML of a rule book to plain values, safely.

Rule: only plain data comes out (safe loader). A key written twice is a fault:
YAML itself would silently keep the last. So is an alias: ten lines of them can
stand for more data than there is memory.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml

from udfs.rules.errors import BookError

MAX_LENGTH = 262_144  # characters; about 1,000 rules


def read_yaml(text: str) -> object:
    """The plain values of *text*. Raises BookError if it is not one YAML document of ours."""
    if len(text) > MAX_LENGTH:
        raise BookError([f"found {len(text):,} characters, expected at most {MAX_LENGTH:,}"])
    try:
        return yaml.load(text, Loader=_BookLoader)  # noqa: S506 - _BookLoader is a SafeLoader
    except yaml.MarkedYAMLError as error:
        raise BookError([_sentence(error)]) from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date or a number that can't be one
        raise BookError([f"found {str(error).splitlines()[0]}, expected YAML"]) from error
    except RecursionError:
        raise BookError(["found more nesting than a rule book has, expected rules"]) from None


class _BookLoader(yaml.SafeLoader):
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # PyYAML's stubs lack it
            raise _fault("found an alias, expected what it stands for", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        written: set[tuple[str, str]] = set()
        for key, _ in node.value:
            if (key.tag, str(key.value)) in written:
                raise _fault(f"found key {key.value!r} twice, expected it once", key.start_mark)
            written.add((key.tag, str(key.value)))
        return super().construct_mapping(node, deep=deep)


def _fault(sentence: str, mark: yaml.Mark) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=sentence, problem_mark=mark)


def _sentence(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return f"{where}{error.problem or error.context}"
