"""The model as a table of its whole domain: what the pipeline says of every possible passenger.

Age in hundredths of a year (0.00 to 100.00, or missing) x 2 sexes x 3 classes is 60,012 inputs.
A release computes them all once with scikit-learn; to score is to look up. The pipeline's own
first step rounds the age to hundredths, as the index does, so that the two agree on every float.
"""

import sys
from array import array
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from titanic_model.passenger import CLASSES, MAX_AGE_YEARS, SEXES, Passenger

AGES: Final = MAX_AGE_YEARS * 100 + 1
MISSING_AGE: Final = AGES
AGES_AND_MISSING: Final = AGES + 1
# The table in C order: probability of survival by sex (female, male), class (1, 2, 3) and age.
SHAPE: Final = (len(SEXES), len(CLASSES), AGES_AND_MISSING)
DOMAIN_SIZE: Final = SHAPE[0] * SHAPE[1] * SHAPE[2]
TABLE_BYTES: Final = DOMAIN_SIZE * 8
# Not survived: of two equal classes scikit-learn's predict takes the first.
TIE: Final = 0.5

_START: Final = {
    (sex, pclass): (SEXES.index(sex) * len(CLASSES) + CLASSES.index(pclass)) * AGES_AND_MISSING
    for sex in SEXES
    for pclass in CLASSES
}


class Answer(NamedTuple):
    """What the model says of a passenger; shared by all inputs with the same probability.

    `json` is the part of a `Prediction` that depends on the answer alone, encoded once for all.
    """

    survived: int
    probability: float
    json: bytes


class BadTable(ValueError):
    """Bytes that are no table of probabilities over the domain."""


def index(passenger: Passenger) -> int:
    """The passenger's place in the table; ages round half to even, as `numpy.round` does."""
    age = passenger.age
    return _START[passenger.sex, passenger.pclass] + (
        MISSING_AGE if age is None else round(age * 100)
    )


def domain() -> Iterator[Passenger]:
    """Every input there is, in the table's order: `DOMAIN_SIZE` passengers without an id."""
    for sex in SEXES:
        for pclass in CLASSES:
            for hundredths in range(AGES):
                yield Passenger(sex=sex, pclass=pclass, age=hundredths / 100)
            yield Passenger(sex=sex, pclass=pclass, age=None)


class Scorer:
    """A release's answers.

    `version` is the release's id. `table` holds `DOMAIN_SIZE` little-endian float64
    probabilities of survival (see `SHAPE`). Raises `BadTable` for anything else.
    """

    def __init__(self, version: str, table: bytes) -> None:
        if len(table) != TABLE_BYTES:
            raise BadTable(f"the table has {len(table):,} bytes; {TABLE_BYTES:,} are expected")
        probabilities = array("d", table)
        if sys.byteorder == "big":
            probabilities.byteswap()
        if not all(0 <= probability <= 1 for probability in probabilities):
            raise BadTable("the table holds a number that is no probability")
        self.version = version
        distinct = {p: _answer(p, version) for p in set(probabilities)}
        self._answers = [distinct[p] for p in probabilities]

    def __repr__(self) -> str:
        return f"<Scorer {self.version}>"

    @property
    def answers(self) -> list[Answer]:
        """All answers in the table's order."""
        return self._answers

    def answer(self, passenger: Passenger) -> Answer:
        """What the release says of a passenger."""
        return self._answers[index(passenger)]


def _answer(probability: float, version: str) -> Answer:
    survived = int(probability > TIE)
    fields = {"survived": survived, "probability": probability, "model_version": version}
    return Answer(survived, probability, msgspec.json.encode(fields).strip(b"{}"))


def encode_table(probabilities: list[float]) -> bytes:
    """Probabilities in the table's order as the bytes that a release keeps."""
    table = array("d", probabilities)
    if sys.byteorder == "big":
        table.byteswap()
    return table.tobytes()
