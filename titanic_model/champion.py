"""Which release is in service: a log in the store, `champion/00000001.json` and so on.

The entry with the highest number counts. Entries are only ever added, each by one `create` that
two writers can't both win, on every kind of store; so nothing needs a lock, and the log is the
history, too.
"""

import re
from datetime import datetime
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from titanic_model.manifest import SHA256, ReleaseId, ReleaseRefused
from titanic_model.reason import Reason
from titanic_model.store import Store, TooLarge

FOLDER: Final = "champion"
# What format 1 had in the log's place.
OLD_CHAMPION: Final = "champion.json"
MAX_ENTRY_BYTES: Final = 65_536
LAST_NUMBER: Final = 99_999_999


class Superseded(Exception):
    """Another release went into service meanwhile; the message says which."""


class Entry(BaseModel):
    """A release that went into service: when, how, and what it was then.

    `manifest_sha256` is of the manifest as it was judged: a changed one is refused. `forced` is
    the reason given for promoting a release that had failed a gate. `before` is the number of the
    entry that a roll back returns to, 0 for none.
    """

    model_config = ConfigDict(frozen=True)

    number: int = Field(ge=1)
    release: ReleaseId
    manifest_sha256: Annotated[str, Field(pattern=SHA256)]
    at: datetime
    how: Literal["promoted", "rolled back"]
    forced: Reason | None = None
    before: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _goes_back(self) -> Self:
        """Who follows `before` comes to an end."""
        if self.before >= self.number:
            raise PydanticCustomError("before", "its way back leads forward")
        return self

    def is_of(self, release: str, manifest_sha256: str) -> bool:
        """Whether it put this release into service, as it was judged."""
        return (self.release, self.manifest_sha256) == (release, manifest_sha256)


class Log:
    """The log in a store. Each method raises `StoreUnavailable`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def newest(self, *, since: int = 0) -> int:
        """The highest number, 0 when there is none. `since`, one it had, saves reading more."""
        numbers = self._numbers(since - 1) if since > 1 else []
        return max(numbers or self._numbers(0), default=0)

    def after(self, newest: int) -> int:
        """The next number. Raises `ReleaseRefused` where a foreign entry has the last there is."""
        if newest >= LAST_NUMBER:
            raise ReleaseRefused(
                f"{self._store.location.rstrip('/')}/{_name(newest)} leaves no number for "
                "another release: it is none of titanic's, delete it"
            )
        return newest + 1

    def numbers(self) -> list[int]:
        """All numbers, the newest first."""
        return sorted(self._numbers(0), reverse=True)

    def entry(self, number: int) -> Entry:
        """An entry. Raises `ReleaseRefused` when it is missing or damaged."""
        name = _name(number)
        where = f"{self._store.location.rstrip('/')}/{name}"
        try:
            entry = Entry.model_validate_json(self._store.read(name, most_bytes=MAX_ENTRY_BYTES))
        except FileNotFoundError:
            raise ReleaseRefused(f"{where} is missing") from None
        except TooLarge as size:
            raise ReleaseRefused(f"{where} names no release: it has {size}") from None
        except ValidationError as refusal:
            why = refusal.errors()[0]["msg"]
            raise ReleaseRefused(f"{where} names no release ({why})") from None
        if entry.number != number:
            raise ReleaseRefused(f"{where} is that of number {entry.number}")
        return entry

    def add(self, entry: Entry) -> None:
        """Put a release into service. Raises `Superseded` when its number is taken."""
        if not self._store.create(_name(entry.number), entry.model_dump_json(indent=2).encode()):
            raise Superseded(
                f"release {entry.release} was not put into service: another one was just before, "
                "see 'titanic releases list'"
            )

    def _numbers(self, after: int) -> list[int]:
        offset = _name(after) if after else None
        names = (stored.name for stored in self._store.names(FOLDER, after=offset))
        found = (re.fullmatch(rf"{FOLDER}/(\d{{8}})\.json", name) for name in names)
        return [int(match[1]) for match in found if match]


def _name(number: int) -> str:
    return f"{FOLDER}/{number:08}.json"
