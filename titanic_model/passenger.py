"""A passenger's event: the one schema, and the way from bytes to `Passenger` or `Rejection`.

`PassengerEvent` is the schema and the judge: the API's documentation, the stream and the tests
use it, and all that is refused is refused by it. `Passenger` is the same shape without the
freedoms (exact case, no aliases, no extra fields), decoded some ten times faster; what does not
fit it goes to the judge, so that both ways give one verdict (`tests/contract/test_one_verdict.py`).
"""

import json
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self

import msgspec
from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import ErrorDetails, PydanticCustomError

Sex = Literal["female", "male"]
PassengerClass = Literal[1, 2, 3]

SEXES: Final[tuple[Sex, ...]] = ("female", "male")
CLASSES: Final[tuple[PassengerClass, ...]] = (1, 2, 3)
MIN_AGE_YEARS: Final = 0
MAX_AGE_YEARS: Final = 100
MAX_ID_CHARACTERS: Final = 128

# What a message quotes of a wrong value: an event may hold a megabyte of it.
MAX_QUOTED_CHARACTERS: Final = 40


class Reason(StrEnum):
    """Why an event or a request is refused. The only list of reasons there is."""

    EMPTY = "empty"
    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    OUT_OF_RANGE = "out_of_range"
    TOO_LARGE = "too_large"
    INTERNAL_ERROR = "internal_error"


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong: in which field (None: the whole value), why, and in words."""

    field: str | None
    reason: Reason
    message: str


class Rejection(msgspec.Struct, frozen=True):
    """Everything that is wrong with one event; the first fault gives the reason."""

    faults: tuple[Fault, ...]

    @property
    def reason(self) -> Reason:
        """The reason it is counted and filed under."""
        return self.faults[0].reason

    @property
    def message(self) -> str:
        """All faults in one line."""
        return "; ".join(fault.message for fault in self.faults)

    @classmethod
    def because(cls, reason: Reason, message: str, field: str | None = None) -> Self:
        """A rejection for a single fault."""
        return cls((Fault(field, reason, message),))


class Passenger(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A valid passenger. `age` in years, 0 to 100, or None when it is not known.

    `passenger_id` is unset when neither the value nor the key of the event names one, which
    only a request may do: an event without an id is refused.
    """

    sex: Sex
    pclass: PassengerClass
    age: Annotated[float, msgspec.Meta(ge=MIN_AGE_YEARS, le=MAX_AGE_YEARS)] | None = None
    passenger_id: (
        Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_ID_CHARACTERS)] | msgspec.UnsetType
    ) = msgspec.UNSET


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _whole(value: object) -> object:
    """JSON has one kind of number, so 3.0 is 3; a boolean is none, though Python says so."""
    if isinstance(value, bool):
        raise PydanticCustomError("wrong_type", "a boolean is not a class")
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _not_null(value: object) -> object:
    if value is None:
        raise PydanticCustomError("wrong_type", "null is not an id; leave the field out")
    return value


class PassengerEvent(BaseModel):
    """A passenger as users send one: an event's value on `passengers`, a request's body."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="ignore",
        json_schema_extra={
            "examples": [
                {"passenger_id": "1-42", "age": 29.0, "sex": "female", "pclass": 1},
                {"passenger_id": "3-7", "age": None, "sex": "male", "pclass": 3},
            ]
        },
    )

    passenger_id: Annotated[
        str | None,
        BeforeValidator(_not_null),
        Field(min_length=1, max_length=MAX_ID_CHARACTERS),
        WithJsonSchema({"type": "string", "minLength": 1, "maxLength": MAX_ID_CHARACTERS}),
    ] = Field(
        default=None, description="Returned with the answer; absent, the event's key stands for it."
    )
    age: Annotated[
        Annotated[float, Field(ge=MIN_AGE_YEARS, le=MAX_AGE_YEARS, allow_inf_nan=False)] | None,
        Field(description="Age in years, 0 to 100; null or absent when it is not known."),
    ] = None
    sex: Annotated[Sex, BeforeValidator(_lower), Field(description="In any case.")]
    pclass: Annotated[
        PassengerClass,
        BeforeValidator(_whole),
        Field(
            validation_alias=AliasChoices("pclass", "class"),
            description="Passenger class; `class` is accepted as its name, too.",
        ),
    ]

    def passenger(self) -> Passenger:
        """The plain passenger that the scorer takes."""
        return Passenger(
            sex=self.sex,
            pclass=self.pclass,
            age=self.age,
            passenger_id=msgspec.UNSET if self.passenger_id is None else self.passenger_id,
        )


class Prediction(BaseModel):
    """An answer, as it is published on `predictions` and returned by the API.

    `event` names the source record (topic/partition/offset); a request has none.
    """

    model_config = ConfigDict(strict=True, frozen=True, protected_namespaces=())

    passenger_id: str | None = Field(description="The id that the passenger came with.")
    survived: Literal[0, 1]
    probability: float = Field(ge=0, le=1, description="Probability of survival.")
    model_version: str = Field(description="The release that answered.")
    event: str | None = Field(
        default=None, description="Source record: topic/partition/offset, a stable id."
    )


decode_plain: Final = msgspec.json.Decoder(Passenger).decode
"""An event of the plain form; raises one of `NOT_PLAIN` for others, which `parse` may yet take."""
# A decoder's every refusal: malformed or unfitting JSON, bad UTF-8 inside a string, and deep
# nesting, which has an exception of the interpreter's.
NOT_PLAIN: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def parse(value: bytes | None) -> Passenger | Rejection:
    """Read an event's value or a request's body; never raises.

    >>> parse(b'{"age": 29, "sex": "female", "pclass": 1}').age
    29.0
    >>> parse(b'{"age": 101, "sex": "female", "pclass": 1}').message
    'age: 101 is out of range; a number of years from 0 to 100, or null, is allowed'
    """
    if not value:
        return Rejection.because(Reason.EMPTY, "the value is empty; a JSON object is expected")
    try:
        return decode_plain(value)
    except NOT_PLAIN:
        return judge(value)


def judge(value: bytes) -> Passenger | Rejection:
    """The schema's own verdict on JSON text."""
    try:
        return PassengerEvent.model_validate_json(value).passenger()
    except ValidationError as refusal:
        details = refusal.errors(include_url=False, include_context=False)
        return Rejection(tuple(_fault(detail, value) for detail in details))


_ALLOWED: Final = {
    "passenger_id": f"a string of 1 to {MAX_ID_CHARACTERS} characters",
    "age": f"a number of years from {MIN_AGE_YEARS} to {MAX_AGE_YEARS}, or null,",
    "sex": '"female" or "male"',
    "pclass": "1, 2 or 3",
}


def _fault(detail: ErrorDetails, value: bytes) -> Fault:
    """One of the schema's errors in our words: the field, what came, what is allowed."""
    if detail["type"] == "json_invalid":
        return Fault(None, Reason.NOT_JSON, f"not JSON: {_json_error(detail['msg'], value)}")
    if not detail["loc"]:
        message = f"the value is {_kind(detail['input'])}; a JSON object is expected"
        return Fault(None, Reason.NOT_AN_OBJECT, message)
    field = str(detail["loc"][0])
    allowed = _ALLOWED["pclass" if field == "class" else field]
    if detail["type"] == "missing":
        return Fault(field, Reason.MISSING_FIELD, f"{field}: missing; {allowed} is required")
    reason = Reason.OUT_OF_RANGE
    found = f"{quote(detail['input'])} is out of range"
    if not _right_type(field, detail["input"]):
        reason = Reason.WRONG_TYPE
        kind = "of the wrong type" if detail["input"] is None else _kind(detail["input"])
        found = f"{quote(detail['input'])} is {kind}"
    return Fault(field, reason, f"{field}: {found}; {allowed} is allowed")


def _json_error(message: str, value: bytes) -> str:
    try:
        value.decode()
    except UnicodeDecodeError as error:
        return f"the bytes are not UTF-8 (byte {error.start + 1})"
    return message.removeprefix("Invalid JSON: ")


def _right_type(field: str, value: object) -> bool:
    if field in {"passenger_id", "sex"}:
        return isinstance(value, str)
    return isinstance(value, int | float) and not isinstance(value, bool)


def _kind(value: object) -> str:
    """The name that JSON has for a Python value's type."""
    kinds: dict[type[Any], str] = {
        bool: "a boolean",
        str: "a string",
        int: "a number",
        float: "a number",
        list: "an array",
        dict: "an object",
    }
    return kinds.get(type(value), "null")


def quote(value: object) -> str:
    """A wrong value as JSON writes it, cut to a length and to characters that a log line bears."""
    text = json.dumps(value, ensure_ascii=False)
    cut = text if len(text) <= MAX_QUOTED_CHARACTERS else text[:MAX_QUOTED_CHARACTERS] + "…"
    if cut.isprintable():
        return cut
    return "".join(c if c.isprintable() else json.dumps(c).strip('"') for c in cut)
