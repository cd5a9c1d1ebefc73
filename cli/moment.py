"""A time as commands are given one."""

from datetime import datetime
from typing import Final

import typer

# Longer than a day without hyphens, which is ISO 8601, too.
LEAST_DIGITS: Final = 9


def parse_moment(text: str) -> int:
    """A time as milliseconds since 1970. Raises `typer.BadParameter`."""
    if text.isdecimal() and len(text) >= LEAST_DIGITS:
        return int(text)
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{text!r} is no time; 2026-11-24T15:00, with or without a zone such as Z or +01:00, "
            "or milliseconds since 1970 is expected"
        ) from None
