"""`titanic releases` on stores where nothing can be: one line, and exit code 2."""

import pytest

from tests.unit.cli.releases import refusal
from titanic_model.releases import Releases

COMMANDS = ["list", "show", "rollback", "gc", "open"]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("foo://bar", "no kind of store is called foo"),
        ("file://releases", "write file:///"),
        ("/dev/null", "it is no folder"),
        ("/dev/null/x", "Not a directory"),
    ],
)
def test_a_store_that_cannot_be_used_is_said_in_one_line(
    store: Releases, command: str, location: str, why: str
) -> None:
    line = refusal(command, "--releases", location, code=2)
    assert f"release store {location}: " in line
    assert why in line


@pytest.mark.parametrize("command", COMMANDS)
def test_that_memory_is_no_store_for_a_command_is_said(store: Releases, command: str) -> None:
    line = refusal(command, "--releases", "memory:///", code=2)
    assert "the memory of one process" in line
    assert "titanic train" not in line
