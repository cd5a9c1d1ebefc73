"""A question about data that keep all rules: what is odd about them, and by how much."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One oddity. `check` is the name of what asked; `effect` its size, in the unit `measure`.

    `expected`, `found` and `meaning` are parts of a sentence.
    """

    check: str
    expected: str
    found: str
    meaning: str
    effect: float
    measure: str

    @property
    def sentence(self) -> str:
        """What was expected, what was found, by how much they differ, what it usually means."""
        return (
            f"{self.check}: expected {self.expected}; found {self.found} "
            f"({self.measure} {self.effect:,.2f}). {self.meaning}."
        )


def percent(share: float) -> str:
    """A share as a reader wants it.

    >>> percent(0.356), percent(0.0021), percent(0.998), percent(1)
    ('36%', '0.2%', '99.8%', '100%')
    """
    return f"{share:.0%}" if 0.1 <= share <= 0.99 or share in {0, 1} else f"{share:.1%}"  # noqa: PLR2004
