"""What the tests of the image share. They run where TEST_IMAGE names one, and then skip nothing."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.image.compose import Composed, composed_of, run


@pytest.fixture(scope="session")
def image() -> str:
    """The image under test."""
    if not (image := os.environ.get("TEST_IMAGE")):
        pytest.skip("TEST_IMAGE names no image (make test-image)")
    return image


@pytest.fixture(scope="session")
def training_image(image: str) -> str:
    """The one that trains: TEST_TRAINING_IMAGE, else the other's name with -training after it."""
    training = os.environ.get("TEST_TRAINING_IMAGE") or f"{image}-training"
    run("docker", "image", "inspect", training)
    return training


@pytest.fixture
def composed(image: str, training_image: str, tmp_path: Path) -> Iterator[Composed]:
    """The composed services for a test that starts, stops and kills them."""
    with composed_of(image, training_image, tmp_path) as services:
        yield services


@pytest.fixture(scope="session")
def running(
    image: str, training_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Composed]:
    """Those that run all the time, for tests that leave them running."""
    with composed_of(image, training_image, tmp_path_factory.mktemp("composed")) as services:
        services.up()
        yield services


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What the services said, where a test with them failed."""
    report = yield
    if report.when == "call" and report.failed:
        for services in getattr(item, "funcargs", {}).values():
            if isinstance(services, Composed):
                logs = services.compose("logs", "--no-color", "--tail", "100")
                report.sections.append(("docker compose logs", logs))
    return report
