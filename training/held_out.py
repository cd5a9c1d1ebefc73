"""A release's file of the passengers that it was measured on and has not learned."""

import io

import pandas as pd

from titanic_model.manifest import HELD_OUT, ReleaseRefused
from titanic_model.passenger import CLASSES, MAX_AGE_YEARS, SEXES
from training.dataset import COLUMNS
from training.split import identities


def write(rows: pd.DataFrame) -> bytes:
    """The file of a release that the next one is compared on: no names, ages in full."""
    return rows[[*COLUMNS]].to_csv(index=False).encode()


def read(content: bytes) -> pd.DataFrame:
    """The passengers in a release's file: age in years, NaN where it is missing.

    Raises `ReleaseRefused` for what is no such file.
    """
    try:
        frame = pd.read_csv(io.BytesIO(content), float_precision="round_trip")
        frame = frame[[*COLUMNS]].astype({"age": "float64"})
    except (ValueError, KeyError):  # pandas' own are ValueErrors
        raise ReleaseRefused(f"its {HELD_OUT} is no table of {', '.join(COLUMNS)}") from None
    allowed = {"sex": SEXES, "pclass": CLASSES, "survived": (0, 1)}
    strange = [name for name, values in allowed.items() if not frame[name].isin(values).all()]
    if not (frame["age"].between(0, MAX_AGE_YEARS) | frame["age"].isna()).all():
        strange.append("age")
    if strange or set(frame["survived"]) != {0, 1}:
        what = f"has values in {strange[0]} that are none" if strange else "lacks an outcome"
        raise ReleaseRefused(f"its {HELD_OUT} {what}")
    return frame


def either(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """The rows that one of two data sets held out, or both; the latter once.

    Of equal rows as many as the one has that has more of them: those of a smaller data set are
    the first of a larger one's.
    """
    rows = pd.concat([one, other], ignore_index=True)
    known = pd.concat([identities(one), identities(other)], ignore_index=True)
    together: pd.DataFrame = rows[~known.duplicated()]
    return together
