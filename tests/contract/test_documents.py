"""What the documents say is so: settings, links, examples and the commands they name."""

import re
from pathlib import Path

import msgspec
import pytest
from pydantic import AliasChoices
from typer.main import get_command

from cli.main import app
from titanic_model.passenger import Passenger, Prediction, parse
from titanic_model.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")]
PACKAGES = ("titanic_model", "stream", "api", "training", "cli", "benchmarks")


def variable(name: str) -> str:
    alias = Settings.model_fields[name].validation_alias
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"TITANIC_{name.upper()}"


def test_the_readme_lists_every_setting_and_no_other() -> None:
    listed = re.findall(r"^\| `([A-Z_]+)` \|", README, re.MULTILINE)
    assert sorted(listed) == sorted(variable(name) for name in Settings.model_fields)


def test_the_readme_gives_each_setting_its_default() -> None:
    for name, field in Settings.model_fields.items():
        row = next(line for line in README.splitlines() if line.startswith(f"| `{variable(name)}`"))
        if field.default not in (None, -1):
            shown = f"{field.default:g}" if isinstance(field.default, float) else field.default
            assert str(shown).lower() in row.lower()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_a_document_names_is_there(document: Path) -> None:
    text = document.read_text()
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    paths = re.findall(
        r"`((?:titanic_model|stream|api|training|cli|benchmarks|tests|docs)/[\w./]+)`", text
    )
    for link in links:
        assert (document.parent / link).exists(), link
    for path in paths:
        assert (ROOT / path).exists(), path


def test_every_file_that_the_code_names_is_there() -> None:
    for package in PACKAGES:
        for module in (ROOT / package).rglob("*.py"):
            for path in re.findall(r"(?:docs/decisions|tests)/[\w/-]+\.\w+", module.read_text()):
                assert (ROOT / path).exists(), f"{module}: {path}"


def test_every_command_that_the_documents_name_exists() -> None:
    commands = get_command(app).list_commands(None)  # type: ignore[attr-defined]
    for document in DOCUMENTS:
        for name in re.findall(r"(?:^|`)titanic ([a-z]+)", document.read_text(), re.MULTILINE):
            assert name in commands


def test_the_readmes_example_event_is_valid() -> None:
    text = next(block for block in _json_blocks() if "age" in block)
    assert isinstance(parse(text.encode()), Passenger)


def test_the_readmes_example_prediction_is_one() -> None:
    text = next(block for block in _json_blocks() if "survived" in block)
    Prediction.model_validate_json(text)
    assert set(msgspec.json.decode(text)) == set(Prediction.model_fields)


def _json_blocks() -> list[str]:
    return re.findall(r"```json\n(.*?)```", README, re.DOTALL)
