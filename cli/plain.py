"""Texts from elsewhere on the terminal: no markup in them, no characters that steer it."""

import json

from rich.text import Text


def plain(text: str) -> Text:
    """The text as it stands, with what isn't printable written as JSON escapes it."""
    return Text("".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text))
