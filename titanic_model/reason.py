"""Why a person went over what was questioned or refused: kept, and read by whoever asks later."""

from typing import Annotated, Final

from pydantic import Field

MAX_CHARACTERS: Final = 1_000

Reason = Annotated[str, Field(min_length=1, max_length=MAX_CHARACTERS)]


class BadReason(ValueError):
    """Text that is no reason; the message says what it lacks."""


def reason(text: str) -> Reason:
    """The text without the space around it. Raises `BadReason`."""
    text = text.strip()
    if not text:
        raise BadReason("needs a reason: whoever asks later reads it")
    if not text.isprintable():
        raise BadReason("needs a reason of one line of text: it holds what cannot be printed")
    if len(text) > MAX_CHARACTERS:
        raise BadReason(f"has {len(text):,} characters; {MAX_CHARACTERS:,} are allowed")
    return text
