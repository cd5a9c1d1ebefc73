"""What a broker's log says about its end, in one line."""

import re
from pathlib import Path
from typing import Final

TAIL_BYTES: Final = 256 * 1024
LINE_CHARACTERS: Final = 300
# What slf4j-simple writes: time, [thread], level, logger - message
_ERROR: Final = re.compile(r"^\S+ \S+ \[.*?\] ERROR \S+ - (.*)")
_THROWN: Final = re.compile(
    r"^(?:Caused by: |Exception in thread \"[^\"]*\" )?([\w.$]+(?:Exception|Error)(?::.*)?)$"
)
_STACK: Final = re.compile(r"^\s+at |^\s*\.\.\. \d+ more")


def last_words(log: Path) -> str:
    """The cause of the last error when the log has one, else its last line."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - TAIL_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        lines = []
    lines = [line for line in lines if line.strip() and not _STACK.match(line)]
    words = lines[-1] if lines else "its log is empty"
    for line in lines:  # the last wins: a cause comes after what it caused
        if match := _ERROR.match(line) or _THROWN.match(line):
            words = match[1]
    return words.strip()[:LINE_CHARACTERS]
