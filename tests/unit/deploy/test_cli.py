"""The `fraudstream` command, as a person at a terminal meets it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.cli import main
from udfs.rules.book import built_in_text

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]


def _said(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    """What the command answers to *argv*: exit code, output, errors."""
    code = main(argv)
    said = capsys.readouterr()
    return code, said.out, said.err


def _standard_input(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """Let the command read *content*."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_good_condition(capsys: pytest.CaptureFixture[str]) -> None:
    """A good condition is answered with its kind and each name's, and 0."""
    said = _said(capsys, "rules", "check", "--expression", "amount > 5 and not new_device")
    assert said == (0, "boolean\n  amount: number\n  new_device: boolean\n", "")


def test_condition_that_begins_with_a_minus(capsys: pytest.CaptureFixture[str]) -> None:
    """A condition may begin with a minus without being taken for an option."""
    assert _said(capsys, "rules", "check", "--expression", "-amount<5")[0] == 0


# condition, what is said
FAULTS = {
    "amount > 'much'": "column 10: found text 'much', expected number\n  amount > 'much'\n           ^\n",
    "amount +\tx": "column 10: found unknown name 'x', expected a known name\n  amount + x\n           ^\n",
    "'日本' == 1": "column 9: found number 1, expected text\n  '日本' == 1\n            ^\n",
    "": "column 1: found the end, expected a value\n  \n  ^\n",
    "a\x00": "column 2: found U+0000, expected a name, a number, a text or an operator\n  a?\n   ^\n",
    f"{'':70}amount": f"column 71: found number amount, expected boolean\n  {'':60}amount\n  {'':60}^\n",
}


@pytest.mark.parametrize(("text", "said"), FAULTS.items())
def test_bad_condition(text: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A bad condition is answered with the fault, its column, a caret under it, and 1."""
    assert _said(capsys, "rules", "check", "--expression", text) == (1, "", f"error: {said}")


HOSTILE = [
    b"\xff\xfe",
    b"amount > 1\x00",
    b"(" * 100_000,
    b"(" * 1_999,
    b"not " * 499,
    b"-" * 1_999,
    b"1" * 1_999,
    b"amount > \xd9\xa3",
    b"__import__('os').system('true')",
    b"amount.__class__ == 1",
    b"amount if amount else 1",
    b"lambda: 1",
    b"'" * 1_999,
    b"[" * 1_999,
    b"",
]


@pytest.mark.parametrize("content", HOSTILE)
def test_hostile_standard_input(
    content: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever comes on standard input is at worst an error with a column, and 1."""
    _standard_input(monkeypatch, content)
    code, _, error = _said(capsys, "rules", "check", "--expression", "-")
    assert code == 1
    assert error.startswith("error: column ")


def test_standard_input_may_end_its_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line end that echo adds is not part of the condition: 2,000 characters before it are taken."""
    _standard_input(monkeypatch, b"is_night".ljust(2_000) + b"\n")
    assert _said(capsys, "rules", "check", "--expression", "-")[0] == 0


@given(st.text())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_any_condition_ends_with_0_or_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """Whatever the condition, the command ends by itself; a dash is read from standard input."""
    _standard_input(monkeypatch, b"")
    assert _said(capsys, "rules", "check", f"--expression={text}")[0] in {0, 1}


def test_good_book(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A good book is answered with its version and size, and 0."""
    path = tmp_path / "book.yaml"
    path.write_text(built_in_text(), encoding="utf-8")
    code, out, error = _said(capsys, "rules", "check", "--book", str(path))
    assert (code, error) == (0, "")
    assert out.startswith("book 1-")
    assert out.endswith(": 13 rules, no fault\n")


def test_bad_book(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A bad book is answered with every fault, and 1."""
    path = tmp_path / "book.yaml"
    path.write_text("version: 1\nrules: [{id: a}, 3]", encoding="utf-8")
    code, out, error = _said(capsys, "rules", "check", "--book", str(path))
    assert (code, out) == (1, "")
    assert error.startswith("error: rule book: found 6 faults")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "No such file or directory"), (b"\xff", "found byte 0xff at position 0, expected UTF-8")],
)
def test_unreadable_book(
    content: bytes | None, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A book that can't be read is answered with its name and why, and 1."""
    path = tmp_path / "b.yaml"
    if content is not None:
        path.write_bytes(content)
    code, _, error = _said(capsys, "rules", "check", "--book", str(path))
    assert code == 1
    assert sentence in error


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    """The list shows the built-in rules, one a line, in the book's order."""
    code, out, _ = _said(capsys, "rules", "list")
    lines = out.splitlines()
    assert code == 0
    assert len(lines) == 2 + 13
    assert lines[2].split()[:5] == ["amount-limit", "1", "medium", "verify", "normal"]


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["rules"],
        ["rules", "check"],
        ["rules", "check", "--expression"],
        ["rules", "check", "--expression", "x", "--book", "y"],
        ["rules", "chek"],
        ["rules", "list", "--boo", "x"],
    ],
)
def test_wrong_usage(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage is answered with the usage, and 2."""
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: fraudstream")


@pytest.mark.parametrize("argv", [["--help"], ["rules", "--help"], ["rules", "check", "--help"]])
def test_help(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Help tells the exit codes, and ends with 0."""
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 0
    assert "Exit codes: 0 all is well, 1 a fault" in capsys.readouterr().out


_PROCESS = [sys.executable, "-m", "deploy.cli", "rules"]


def test_reader_that_leaves_early() -> None:
    """A reader that closes the pipe, such as head, sees no stack trace."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*_PROCESS, "list"], cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


def test_terminal_that_shows_ascii_only() -> None:
    """What a terminal can't show is written as an escape."""
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [*_PROCESS, "check", "--expression", "é"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(b"error: column 1: found '\\xe9'")


def test_starts_without_the_engine() -> None:
    """The command imports neither PyFlink nor the AWS and Kafka clients."""
    program = "import sys, deploy.cli; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True)
    imported = set(done.stdout.decode().split())
    assert not imported & {"pyflink", "boto3", "botocore", "kafka", "aiohttp", "pandas"}
