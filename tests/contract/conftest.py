"""Stores of every kind that a test can have at hand."""

from pathlib import Path

import pytest


@pytest.fixture(params=["folder", "memory", "S3"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a store that is empty yet can be made."""
    match request.param:
        case "folder":
            return str(tmp_path / "deeper" / "releases")
        case "memory":
            return "memory:///"
        case _:
            return f"s3://{request.getfixturevalue('bucket')}/some/prefix"
