"""Every setting, read once from the environment.

`KAFKA_*` is any librdkafka property: upper case, dots as underscores. `TITANIC_*` is the
project's own. Either may come from a file instead (`KAFKA_SASL_PASSWORD_FILE=/run/secrets/x`).
"""

import logging
import os
from functools import cache
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AliasChoices, Field, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from titanic_model.location import BadLocation, parse

log = logging.getLogger(__name__)

DEFAULT_BOOTSTRAP_SERVERS: Final = "127.0.0.1:9092"

# Properties of librdkafka's whose value is a path that it reads itself.
_PATHS: Final = {
    "sasl.oauthbearer.assertion.file",
    "sasl.oauthbearer.assertion.jwt.template.file",
    "sasl.oauthbearer.assertion.private.key.file",
}

TopicName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9._-]{1,249}$")]


class BadSetting(ValueError):
    """A setting that cannot be used; the message names it and says what is allowed."""


class Settings(BaseSettings):
    """The project's own settings, `TITANIC_` before the name in upper case."""

    model_config = SettingsConfigDict(
        env_prefix="TITANIC_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    releases: str = Field(default="releases", description="The release store: a folder or a URL.")
    follow_every_s: float = Field(
        default=2, ge=0.05, le=60, description="Time from one look for a new champion to the next."
    )

    passengers_topic: TopicName = "passengers"
    predictions_topic: TopicName = "predictions"
    dead_letters_topic: TopicName = "passengers.dlq"
    outcomes_topic: TopicName = "outcomes"
    partitions: int = Field(default=4, ge=1, description="Of a topic that has to be created.")
    replication: int = Field(
        default=-1, ge=-1, le=32_767, description="Of a topic to create; -1: the broker's default."
    )

    processing_guarantee: Literal["exactly_once", "at_least_once"] = Field(
        default="exactly_once",
        validation_alias=AliasChoices("PROCESSING_GUARANTEE", "TITANIC_PROCESSING_GUARANTEE"),
    )
    batch_size: int = Field(
        default=10_000, ge=1, le=1_000_000, description="Events in a batch, at the most."
    )
    batch_bytes: int = Field(
        default=16_777_216,
        ge=1,
        le=1_073_741_824,
        description="Bytes of keys and values after which a batch takes no more events.",
    )
    batch_wait_ms: float = Field(
        default=5,
        ge=0,
        le=60_000,
        description="Least time from one batch's commit to the next batch, for events to gather "
        "in; an event that comes later than that is answered at once.",
    )

    static_membership: bool = Field(
        default=False, description="A worker that was killed takes its partitions back at once."
    )

    web_host: str = Field(default="127.0.0.1", description="Where the worker's pages listen.")
    web_port: int | None = Field(
        default=None, ge=0, le=65_535, description="The worker's pages; unset: 6066 or next free."
    )

    @field_validator("releases")
    @classmethod
    def _can_be_meant(cls, location: str) -> str:
        try:
            parse(location)
        except BadLocation as reason:
            raise PydanticCustomError("releases", "{why}", {"why": str(reason)}) from None
        return location

    @model_validator(mode="after")
    def _topics_differ(self) -> Self:
        """A worker that reads what it writes would never come to an end."""
        if len(set(self.topics)) < len(self.topics):
            raise PydanticCustomError("topics", "the topics' names must differ")
        return self

    @property
    def topics(self) -> tuple[str, ...]:
        """All topics, in the order of an event's way."""
        return (
            self.passengers_topic,
            self.predictions_topic,
            self.dead_letters_topic,
            self.outcomes_topic,
        )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments before variables before the files that variables name."""
        return init_settings, env_settings, _NamedFiles(settings_cls)


class _NamedFiles(PydanticBaseSettingsSource):
    """`TITANIC_X_FILE` names a file that holds the value of `TITANIC_X`."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[str | None, str, bool]:
        variable = f"TITANIC_{field_name.upper()}_FILE"
        key = field_name if field.validation_alias is None else variable.removesuffix("_FILE")
        path = os.environ.get(variable)
        return (_content(variable, path) if path else None), key, False

    def __call__(self) -> dict[str, str]:
        found = (self.get_field_value(f, n) for n, f in self.settings_cls.model_fields.items())
        return {key: value for value, key, _ in found if value is not None}


def _content(variable: str, path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise BadSetting(f"{variable}: {path} cannot be read: {why}") from None


@cache
def settings() -> Settings:
    """The process's settings. Raises `BadSetting`, once for all that is wrong.

    A `TITANIC_*` that is none of them is left out, with a warning: not every one is meant for us.
    """
    known = {f"TITANIC_{name.upper()}" for name in Settings.model_fields}
    for variable in sorted(os.environ):
        if variable.startswith("TITANIC_") and variable.removesuffix("_FILE") not in known:
            log.warning("%s is left out: there is no such setting", variable)
    try:
        return Settings()
    except ValidationError as refusal:
        raise BadSetting("; ".join(_refused(error) for error in refusal.errors())) from None


def _refused(error: ErrorDetails) -> str:
    if not error["loc"]:  # of several settings
        return f"TITANIC_*_TOPIC: {error['msg']}"
    name = str(error["loc"][0])
    variable = name if name.isupper() else f"TITANIC_{name.upper()}"
    return f"{variable}={error['input']}: {error['msg'].replace('Input should', 'it should')}"


def kafka_settings() -> dict[str, str]:
    """The librdkafka properties in `KAFKA_*`; `bootstrap.servers` is always among them.

    Of `KAFKA_X` and `KAFKA_X_FILE` the first counts, as with our own settings.

    Raises `BadSetting` when the file that a `KAFKA_*_FILE` names cannot be read.
    """
    properties = {"bootstrap.servers": DEFAULT_BOOTSTRAP_SERVERS}
    given = {
        variable.removeprefix("KAFKA_"): value
        for variable, value in os.environ.items()
        if variable.startswith("KAFKA_") and value
    }
    for name in [n for n in given if n.endswith("_FILE") and _property(n) not in _PATHS]:
        content = _content(f"KAFKA_{name}", given.pop(name))
        properties[_property(name.removesuffix("_FILE"))] = content
    return properties | {_property(name): value for name, value in given.items()}


def given_bootstrap_servers() -> str | None:
    """Kafka's address where the environment names one. Raises as `kafka_settings` does."""
    names = ("KAFKA_BOOTSTRAP_SERVERS", "KAFKA_BOOTSTRAP_SERVERS_FILE")
    given = any(os.environ.get(name) for name in names)
    return kafka_settings()["bootstrap.servers"] if given else None


def _property(name: str) -> str:
    return name.lower().replace("_", ".")
