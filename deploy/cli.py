"""
The `fraudstream` command: what a person at a terminal does with the project.

Rules: exit codes are 0 for good, 1 for a fault in what was given, 2 for wrong
usage; whatever is given, nobody sees a stack trace. Nothing here imports
PyFlink, so that an answer takes no longer than Python takes to start.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO
from unicodedata import east_asian_width

from deploy.of_runs import add_features_commands, add_rules_commands
from deploy.parsers import FAULT, OK, add_parser
from schemas.errors import ConfigurationError
from udfs.rules.book import RuleBook, built_in_text, load_book
from udfs.rules.book_yaml import MAX_LENGTH as MAX_BOOK_LENGTH
from udfs.rules.check import check_condition
from udfs.rules.errors import ExpressionError
from udfs.rules.tokens import MAX_LENGTH, quoted

INTERRUPTED = 130  # 128 + SIGINT, as shells have it

_MAX_UTF8 = 4  # bytes a character takes at most
_BEFORE_CARET = 60  # characters shown before the column, so that the caret fits an 80-column terminal
_AFTER_CARET = 15

_ABOUT = """\
Real-time fraud decisions: work with what decides.

  fraudstream rules list                              the rules that are built in
  fraudstream rules check --expression "amount > 5"   is this a condition?
  fraudstream rules check --expression - < rule.txt   the same, from standard input
  fraudstream rules check --book my-book.yaml         is this a rule book?
  fraudstream rules measure --run out/run             how well did each rule catch what labels call fraud?
  fraudstream features skew --run out/run             did live features differ from training's, and why?
  fraudstream features baseline --run out/run --to baseline.json   keep what features are like
  fraudstream features quality --run out/run --baseline baseline.json   have they changed?
"""
_CHECK_ABOUT = """\
Check a condition or a whole rule book before anything runs it.

A condition that is right is answered with its kind and the names it uses; one
that is not, with the fault, its column, and a caret under it:

  $ fraudstream rules check --expression "amount > 'much'"
  error: column 10: found text 'much', expected number
    amount > 'much'
             ^

The language and every name are described in docs/rules.md.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Do what *argv* (without the program's name) asks, and return the exit code."""
    _show_anything(sys.stdout, sys.stderr)
    arguments = _parser().parse_args(_joined(sys.argv[1:] if argv is None else argv))
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        code = command(arguments)
        print(end="", flush=True)  # a full disk or a closed pipe shows here, not at exit
    except (ConfigurationError, OSError) as error:
        return _refused(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    return code


def _parser() -> argparse.ArgumentParser:
    parser = add_parser(None, "fraudstream", _ABOUT)
    groups = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    rules = add_parser(groups, "rules", "Look at rules, and check them.")
    commands = rules.add_subparsers(title="commands", required=True, metavar="COMMAND")
    listing = add_parser(commands, "list", "List the rules of a book, in its order.")
    listing.add_argument("--book", metavar="FILE", help="a rule book in YAML; without it, the built-in one")
    listing.set_defaults(command=_list_rules)
    check = add_parser(commands, "check", _CHECK_ABOUT)
    what = check.add_mutually_exclusive_group(required=True)
    what.add_argument("--expression", metavar="E", help="a condition; - reads it from standard input")
    what.add_argument("--book", metavar="FILE", help="a rule book in YAML")
    check.set_defaults(command=_check)
    add_rules_commands(commands)
    features = add_parser(groups, "features", "Look at features.")
    add_features_commands(features.add_subparsers(title="commands", required=True, metavar="COMMAND"))
    return parser


def _joined(argv: Sequence[str]) -> list[str]:
    """*argv* with `--expression X` as one word, so that X may begin with a minus."""
    words = list(argv)
    if "--expression" in words[:-1]:
        at = words.index("--expression")
        words[at : at + 2] = [f"--expression={words[at + 1]}"]
    return words


def _check(arguments: argparse.Namespace) -> int:
    if arguments.book is not None:
        book = load_book(_read(Path(arguments.book)))
        print(f"book {book.version}: {len(book.rules)} rules, no fault")
        return OK
    text = _standard_input() if arguments.expression == "-" else arguments.expression
    return _check_expression(text)


def _check_expression(text: str) -> int:
    try:
        condition = check_condition(text)
    except ExpressionError as error:
        print(f"error: {error}", *_pointed_at(text, error.column), sep="\n  ", file=sys.stderr)
        return FAULT
    print("boolean")
    for name, kind in condition.names.items():
        print(f"  {name}: {kind}")
    return OK


def _list_rules(arguments: argparse.Namespace) -> int:
    book = load_book(built_in_text() if arguments.book is None else _read(Path(arguments.book)))
    print(f"book {book.version}")
    for line in _table(book):
        print(line)
    return OK


def _table(book: RuleBook) -> list[str]:
    rows = [("rule", "version", "severity", "outcome", "alerts", "title")]
    for compiled in book.rules:
        rule = compiled.rule
        route = "priority" if rule.priority else "normal"
        names = (rule.severity.name.lower(), rule.outcome.name.lower())
        rows.append((rule.id, str(rule.version), *names, route, rule.title))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _read(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(MAX_BOOK_LENGTH * _MAX_UTF8 + 1)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        found = f"byte 0x{content[error.start]:02x} at position {error.start}"
        raise ConfigurationError(quoted(str(path)), found, "UTF-8") from error


def _standard_input() -> str:
    """Standard input without its last line end. Raises ExpressionError if it is too long, or not UTF-8."""
    if sys.stdin is None:  # closed by the shell: <&-
        return ""
    content = sys.stdin.buffer.read((MAX_LENGTH + 2) * _MAX_UTF8)
    if len(content) == (MAX_LENGTH + 2) * _MAX_UTF8:
        raise ExpressionError(MAX_LENGTH + 1, "a longer text", f"at most {MAX_LENGTH:,} characters")
    try:
        return content.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        column = len(content[: error.start].decode("utf-8")) + 1
        raise ExpressionError(column, f"byte 0x{content[error.start]:02x}", "UTF-8") from error


def _pointed_at(text: str, column: int) -> tuple[str, str]:
    """The part of *text* round *column*, as a terminal can show it, and a caret under the column."""
    start = max(0, column - 1 - _BEFORE_CARET)
    before = "".join(_shown(character) for character in text[start : column - 1])
    after = "".join(_shown(character) for character in text[column - 1 : column + _AFTER_CARET])
    return before + after, " " * sum(map(_cells, before)) + "^"


def _shown(character: str) -> str:
    if character.isspace():
        return " "
    return character if character.isprintable() else "?"


def _cells(character: str) -> int:
    return 2 if east_asian_width(character) in "WF" else 1


def _show_anything(*streams: TextIO) -> None:
    """What a terminal's encoding can't show is written as an escape, instead of failing."""
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _refused(error: ConfigurationError | OSError) -> int:
    if isinstance(error, ConfigurationError):
        print(f"error: {error}", file=sys.stderr)
    elif error.filename is not None:
        print(f"error: {quoted(error.filename)}: {error.strerror}", file=sys.stderr)
    else:
        _leave_output(error)
    return FAULT


def _leave_output(error: OSError) -> None:
    """Standard output takes no more: say so, unless its reader, such as head, has just seen enough."""
    if not isinstance(error, BrokenPipeError):
        print(f"error: standard output: {error.strerror}", file=sys.stderr)
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python tries again at exit


if __name__ == "__main__":
    raise SystemExit(main())
