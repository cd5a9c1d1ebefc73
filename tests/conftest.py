"""What all tests may ask for: the shared broker, and topics of their own on it."""

import signal
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

# A shell that starts us in the background ignores Ctrl-C, and so would all that we start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says more of the machine than of the code.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")

WHAT_RAN = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[str]:
    """The bootstrap servers of the broker that all tests share."""
    from tests.brokers import shared_broker  # unit tests don't wait for what it imports

    with shared_broker(tmp_path_factory.mktemp("kafka")) as broker:
        pytestconfig.stash[WHAT_RAN] = f"{broker.what} at {broker.bootstrap_servers}"
        yield broker.bootstrap_servers


@pytest.fixture
def own_name() -> Callable[[str], str]:
    """Names that no other test has, for topics, groups and transactions."""
    own = uuid.uuid4().hex[:8]
    return lambda what: f"{what}-{own}"


@pytest.fixture(scope="session")
def s3() -> Iterator[tuple[str, int]]:
    """Host and port of an S3 server."""
    from tests import s3

    with s3.server() as address:
        yield address


@pytest.fixture
def bucket(s3: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket of one's own; the environment says how to get to its server."""
    from tests.s3 import bucket, environment

    for name, value in environment(*s3).items():
        monkeypatch.setenv(name, value)
    return bucket(*s3)


@pytest.fixture(scope="session")
def release_store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A release store, trained on the Titanic's passengers, with a champion. Change a copy."""
    from titanic_model.releases import Releases
    from training.train import train

    location = str(tmp_path_factory.mktemp("releases"))
    train(Releases(location))
    return location


@pytest.fixture(scope="session")
def pipeline(release_store: str) -> "Pipeline":
    """The fitted pipeline of the champion."""
    from titanic_model.releases import PIPELINE, Releases
    from training.export import load

    releases = Releases(release_store)
    return load(releases.file(releases.manifest(releases.champion()), PIPELINE))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What runs on the shared broker, or is about the image, can be chosen by its marker."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).with_name("image")):
            item.add_marker("image")
        if isinstance(item, pytest.Function) and "kafka" in item.fixturenames:
            item.add_marker("shared_broker")


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if WHAT_RAN in config.stash:
        terminalreporter.write_line(f"Kafka was {config.stash[WHAT_RAN]}")
