"""Settings: where they come from, and what is said of one that cannot be used."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from titanic_model.settings import BadSetting, Settings, kafka_settings, settings


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """None of the caller's own settings, and none kept from one test to the next."""
    for variable in list(os.environ):
        if variable.startswith(("KAFKA_", "TITANIC_", "PROCESSING_")):
            monkeypatch.delenv(variable)
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_without_any_variable_there_are_defaults() -> None:
    assert settings() == Settings()
    assert settings().releases == "releases"
    assert settings().topics == ("passengers", "predictions", "passengers.dlq", "outcomes")
    assert kafka_settings() == {"bootstrap.servers": "127.0.0.1:9092"}


def test_titanic_variables_are_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TITANIC_RELEASES", "s3://bucket/releases")
    monkeypatch.setenv("TITANIC_PARTITIONS", "12")
    assert (settings().releases, settings().partitions) == ("s3://bucket/releases", 12)


def test_a_variable_that_is_no_setting_is_left_out_and_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TITANIC_BATCHSIZE", "3")
    monkeypatch.setenv("TITANIC_PARTITIONS_FILE", "")
    monkeypatch.setenv("TITANIC_PROCESSING_GUARANTEE", "at_least_once")
    assert settings().batch_size == Settings().batch_size
    assert caplog.messages == ["TITANIC_BATCHSIZE is left out: there is no such setting"]


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TITANIC_RELEASES", "")
    monkeypatch.setenv("TITANIC_WEB_PORT", "")
    monkeypatch.setenv("KAFKA_GROUP_ID", "")
    assert (settings().releases, settings().web_port) == ("releases", None)
    assert "group.id" not in kafka_settings()


@pytest.mark.parametrize("name", ["PROCESSING_GUARANTEE", "TITANIC_PROCESSING_GUARANTEE"])
def test_the_guarantee_goes_by_either_name(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "at_least_once")
    assert settings().processing_guarantee == "at_least_once"


def test_a_setting_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "setting").write_text("memory:///\n")
    monkeypatch.setenv("TITANIC_RELEASES_FILE", str(tmp_path / "setting"))
    assert settings().releases == "memory:///"
    monkeypatch.setenv("TITANIC_RELEASES", "folder")
    settings.cache_clear()
    assert settings().releases == "folder"


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("TITANIC_PARTITIONS", "many", "it should be a valid integer"),
        ("TITANIC_PARTITIONS", "0", "greater than or equal to 1"),
        ("TITANIC_WEB_PORT", "70000", "less than or equal to 65535"),
        ("TITANIC_PASSENGERS_TOPIC", "a b", "match pattern"),
        ("PROCESSING_GUARANTEE", "at_most_once", "'exactly_once' or 'at_least_once'"),
    ],
)
def test_a_bad_setting_is_named_with_its_value_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, allowed: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadSetting) as refused:
        settings()
    assert str(refused.value).startswith(f"{variable}={value}: ")
    assert allowed in str(refused.value)


def test_all_bad_settings_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TITANIC_PARTITIONS", "x")
    monkeypatch.setenv("TITANIC_BATCH_SIZE", "0")
    with pytest.raises(BadSetting, match=r"TITANIC_PARTITIONS=x: .*; TITANIC_BATCH_SIZE=0: "):
        settings()


def test_a_worker_may_not_read_what_it_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TITANIC_PREDICTIONS_TOPIC", "passengers")
    with pytest.raises(BadSetting, match="the topics' names must differ"):
        settings()


@pytest.mark.parametrize("variable", ["TITANIC_RELEASES_FILE", "KAFKA_SASL_PASSWORD_FILE"])
def test_a_file_that_cannot_be_read_is_named_without_its_content(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    read = settings if variable.startswith("TITANIC") else kafka_settings
    monkeypatch.setenv(variable, str(tmp_path / "gone"))
    with pytest.raises(BadSetting, match=rf"^{variable}: .*gone cannot be read: No such file"):
        read()
    (tmp_path / "gone").write_bytes(b"\xff\xfe secret")
    with pytest.raises(BadSetting, match="it is not text") as refused:
        read()
    assert "secret" not in str(refused.value)


def test_kafka_variables_are_librdkafkas_properties(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "kafka:9092")
    monkeypatch.setenv("KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    assert kafka_settings() == {"bootstrap.servers": "kafka:9092", "security.protocol": "SASL_SSL"}


def test_a_secret_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("from the file\n")
    monkeypatch.setenv("KAFKA_SASL_PASSWORD_FILE", str(tmp_path / "password"))
    assert kafka_settings()["sasl.password"] == "from the file"
    monkeypatch.setenv("KAFKA_SASL_PASSWORD", "given")
    assert kafka_settings()["sasl.password"] == "given"


def test_a_property_of_librdkafkas_that_is_a_path_stays_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KAFKA_SASL_OAUTHBEARER_ASSERTION_PRIVATE_KEY_FILE", "/keys/private.pem")
    assert kafka_settings()["sasl.oauthbearer.assertion.private.key.file"] == "/keys/private.pem"
