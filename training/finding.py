"""A question about data that keep all rules: what is odd about them, and by how much."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One oddity. `check` is the name of what asked; `effect` its size, in the unit `measure`.

    `expected`, `found` and `meaning` are parts of a sentence. `about` is the column, where a check
    asks of several; `follows` the key of the finding that this one comes from, if one does.
    """

    check: str
    expected: str
    found: str
    meaning: str
    effect: float
    measure: str
    about: str = ""
    follows: tuple[str, str] | None = None

    @property
    def sentence(self) -> str:
        """What was found, what was expected, by how much they differ, what it usually means."""
        return (
            f"{self.check}: found {self.found}; expected {self.expected} "
            f"({self.measure} {self.effect:,.2f}). {self.meaning}."
        )

    @property
    def key(self) -> tuple[str, str]:
        """What no other finding has."""
        return self.check, self.about

    @property
    def size(self) -> float:
        """The effect from 0 to 1, so that one measure can be put beside another, roughly."""
        if self.measure == "ratio":
            return 1 - 1 / self.effect
        if self.measure == "population stability index":
            return self.effect / (1 + self.effect)
        return self.effect


def told(findings: Iterable[Finding]) -> Iterator[str]:
    """A line for each, but for those that follow from another: these are named below it."""
    everything = list(findings)
    for main in everything:
        if main.follows is None:
            yield main.sentence
            if names := [each.check for each in everything if each.follows == main.key]:
                yield f"  what comes with it: {', '.join(names)}"


def percent(share: float) -> str:
    """A share as a reader wants it.

    >>> percent(0.356), percent(0.0021), percent(0.998), percent(1)
    ('36%', '0.2%', '99.8%', '100%')
    """
    return f"{share:.0%}" if 0.1 <= share <= 0.99 or share in {0, 1} else f"{share:.1%}"  # noqa: PLR2004
