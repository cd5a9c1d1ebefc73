"""What the text of a cell means; decided here once, for rules, figures and models alike."""

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from training.dataset import MISSING, NAME

# No bound lets it through: what is no number breaks the same rule as a number out of range.
NO_NUMBER: Final = float("inf")


def meaning(frame: pd.DataFrame) -> pd.DataFrame:
    """The texts of `COLUMNS` as values, on the same index; a name stays as it is written.

    Numbers are float64, `NO_NUMBER` where the text is none; an age that is missing is NaN.
    `sex` is the word in lower case.
    """
    columns = {column: _each(frame[column], read) for column, read in READ.items()}
    values = pd.DataFrame(columns, index=frame.index)
    return values.assign(**{NAME: frame[NAME]}) if NAME in frame else values


def number(text: str) -> float:
    """The number that a text is, as Python reads it but for its digit groups ("1_0").

    >>> number(" 29.5 "), number("3.0"), number("1_0"), number("nan")
    (29.5, 3.0, inf, inf)
    """
    try:
        value = float(text) if "_" not in text else NO_NUMBER
    except ValueError:
        return NO_NUMBER
    return NO_NUMBER if math.isnan(value) else value + 0.0  # -0.0 is 0.0


def years(text: str) -> float:
    """An age, or NaN where the text says that there is none.

    >>> years("29.5"), years("?")
    (29.5, nan)
    """
    return float("nan") if is_missing(text) else number(text)


def word(text: str) -> str:
    """A word in any case.

    >>> word(" Female ")
    'female'
    """
    return text.strip().lower()


def name_key(text: str) -> str | None:
    """What two spellings of one name have in common.

    >>> name_key("Kelly,  Mr. JAMES ")
    'kelly, mr. james'
    """
    return None if is_missing(text) else " ".join(text.casefold().split())


def is_missing(text: str) -> bool:
    """Whether the text is one of those that say "nothing"."""
    return text.strip().lower() in MISSING


READ: Final[dict[str, Callable[[str], float] | Callable[[str], str]]] = {
    "pclass": number,
    "sex": word,
    "age": years,
    "survived": number,
}


def _each(
    texts: "pd.Series[str]", read: Callable[[str], float] | Callable[[str], str]
) -> npt.NDArray[Any]:
    """Each text read; equal ones once, of which a million rows have few."""
    codes, uniques = pd.factorize(texts)
    dtype = np.object_ if read is word else np.float64
    return np.array([read(text) for text in uniques], dtype=dtype)[codes]
