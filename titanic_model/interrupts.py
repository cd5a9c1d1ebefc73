"""Ctrl-C while a command is imported, or ends: exit code 130, and no traceback.

In between it is a `KeyboardInterrupt`, as ever. Light to import, for it comes first.
"""

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Final

INTERRUPTED: Final = 128 + signal.SIGINT


def end_quietly() -> None:
    """From now on Ctrl-C ends the process; unless it is ignored, as in the background."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def run(command: Callable[[], object]) -> None:
    """Run a command that is imported: what Ctrl-C means is its own affair until it ends."""
    try:
        if signal.getsignal(signal.SIGINT) is _end:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        command()
    except KeyboardInterrupt:  # before it could make it its affair
        sys.exit(INTERRUPTED)
    finally:
        end_quietly()


def _end(_signal: int, _frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)
