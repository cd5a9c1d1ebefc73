"""A value as text, with the place of its error marked."""

import re
from typing import Final

from cli.plain import plain
from stream.dead_letters import Letter

# As `titanic_model.passenger` and its JSON parser tell a place; both count bytes from 1.
_BYTE: Final = re.compile(r"\(byte (\d+)\)")
_LINE: Final = re.compile(r"at line (\d+) column (\d+)$")
_FIELD: Final = re.compile(r"^(\w+): ")
# A class may be named so, too.
OTHER_NAMES: Final = {"pclass": "class"}
# What is shown around the place.
WINDOW_BYTES: Final = 1_000
CONTINUATION: Final = range(0x80, 0xC0)


def place_of(letter: Letter) -> int | None:
    """Where in the value the reason points, in bytes from 0; None where it points nowhere.

    A wrong field is at its name.
    """
    value = letter.value
    if value is None:
        return None
    found: int | None = None
    if byte := _BYTE.search(letter.message):
        found = int(byte[1]) - 1
    elif line := _LINE.search(letter.message):
        found = _in_line(value, int(line[1]), int(line[2]))
    elif field := _FIELD.match(letter.message):
        name = field[1]
        places = [value.rfind(f'"{one}"'.encode()) for one in (name, OTHER_NAMES.get(name, name))]
        found = max(places)
    return found if found is not None and 0 <= found <= len(value) else None


def _in_line(value: bytes, line: int, column: int) -> int:
    start = 0
    for _ in range(line - 1):
        start = value.find(b"\n", start) + 1
    # Column 0 is the line break before it.
    return start + column - 1


def marked(value: bytes, at: int | None) -> list[str]:
    """The value as text, escapes for what isn't, a caret under its place `at`; what is far from
    there is left out.
    """
    first, last = _window(value, at)
    lines = [f"… {first:,} bytes before"] if first else []
    start = first
    for line in value[first:last].split(b"\n"):
        lines.append(_text(line))
        if at is not None and start <= at <= start + len(line):
            lines.append(" " * len(_text(line[: at - start])) + f"^ byte {at + 1:,}")
        start += len(line) + 1
    return [*lines, f"… {len(value) - last:,} bytes more"] if last < len(value) else lines


def _window(value: bytes, at: int | None) -> tuple[int, int]:
    """What is shown, without a cut in the middle of a character."""
    first = max(0, (at or 0) - WINDOW_BYTES // 2)
    last = min(len(value), first + WINDOW_BYTES)
    for _ in range(3):  # a character has at most as many continuations
        if 0 < first < len(value) and value[first] in CONTINUATION:
            first -= 1
        if last < len(value) and value[last] in CONTINUATION:
            last += 1
    return first, last


def _text(line: bytes) -> str:
    return str(plain(line.decode(errors="backslashreplace")))
