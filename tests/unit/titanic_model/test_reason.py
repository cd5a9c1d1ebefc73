"""A reason is one line that can be kept and read."""

import pytest

from titanic_model.reason import MAX_CHARACTERS, BadReason, reason


def test_the_space_around_it_is_left_out() -> None:
    assert reason("  ages were checked by hand, José\n") == "ages were checked by hand, José"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "needs a reason"),
        (" \t\n", "needs a reason"),
        ("one\ntwo", "one line"),
        ("\udcff", "cannot be printed"),
        ("\x1b[31mred", "cannot be printed"),
        ("x" * (MAX_CHARACTERS + 1), "has 1,001 characters; 1,000 are allowed"),
    ],
)
def test_what_could_not_be_kept_or_read_is_refused(text: str, said: str) -> None:
    with pytest.raises(BadReason, match=said):
        reason(text)
