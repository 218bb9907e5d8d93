"""
What the deciding operator asks of the interpreter that it shares with the process's other threads.

Rule: settings of the whole process; they change when Python pauses, never what it computes.
"""

from __future__ import annotations

import functools
import gc
import sys

# A thread that waits gets the interpreter's lock after so long; Python's own 5 ms cost a tenth of the
# throughput, and much less than this costs as much in switching (ADR-0019, ADR-0021).
_SWITCH_S = 0.0001


def settle() -> None:
    """
    Waiting threads get their turn soon, and the collector passes over all that was there at the first call.

    To be called when an operator begins to open: by then libraries are loaded, which stay as long as the
    process, and to look through them stops all of Python for a tenth of a second (ADR-0030). Nothing that
    *decide* makes when it opens is among them, so that one that is started anew leaves nothing behind.
    """
    sys.setswitchinterval(_SWITCH_S)
    _pass_over_libraries()


@functools.cache
def _pass_over_libraries() -> None:
    """Once in a process: what is passed over is never freed."""
    gc.collect()
    gc.freeze()
