"""
YAML of a rule book to plain values, safely.

Rule: only plain data comes out (safe loader), and a key written twice is a
fault: YAML itself would silently keep the last.
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
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        written: set[tuple[str, str]] = set()
        for key, _ in node.value:
            if (key.tag, str(key.value)) in written:
                raise yaml.MarkedYAMLError(problem=f"key {key.value!r} twice", problem_mark=key.start_mark)
            written.add((key.tag, str(key.value)))
        return super().construct_mapping(node, deep=deep)


def _sentence(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return f"{where}found {error.problem or error.context}, expected YAML of a rule book"
