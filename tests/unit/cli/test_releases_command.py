"""`titanic releases`: what it says, what it changes, and how it ends."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.releases.comparing import share
from tests.synthetic import make, publish
from tests.unit.cli.releases import refusal, run
from titanic_model.manifest import MANIFEST, own_id
from titanic_model.releases import TABLE, Releases
from titanic_model.scorer import DOMAIN_SIZE

CARD = {"model_card.html": b"<p>a card</p>", "roc.png": b"a picture"}
LATE = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture
def ids(store: Releases) -> list[str]:
    """Three releases that went into service one after the other."""
    made = []
    for hundreds in (0, 1, 2):
        survive = [0.75] * hundreds * 100
        manifest, files = make([0.25] * (DOMAIN_SIZE - len(survive)) + survive, CARD)
        store.publish(manifest, files)
        store.promote(manifest.id)
        made.append(manifest.id)
    return made


def test_the_list_names_all_and_marks_the_champion_and_the_damaged(
    store: Releases, ids: list[str]
) -> None:
    (Path(store.location) / ids[0] / TABLE).write_bytes(b"short")
    lines = run("list").stdout.splitlines()
    assert any("→" in line and ids[2] in line for line in lines)
    assert any("✗" in line and ids[0] in line for line in lines)
    assert f"{ids[0]}: refused: table.f64 is damaged: it has 5 bytes, not 480,096" in lines
    assert max(map(len, lines[:4])) <= 80, "no id is cut off in a narrow terminal"


def test_the_list_for_scripts_has_what_a_script_asks_for(ids: list[str]) -> None:
    listed = {one["id"]: one for one in json.loads(run("list", "--json").stdout)}
    assert set(listed) == set(ids)
    assert [one["id"] for one in listed.values() if one["champion"]] == [ids[2]]
    assert listed[ids[0]]["refused"] is None
    assert listed[ids[0]]["parameters"] == {"k": 5}


def test_damage_that_leaves_the_size_is_found_when_it_is_asked_for(
    store: Releases, ids: list[str]
) -> None:
    (Path(store.location) / ids[0] / "roc.png").write_bytes(b"a pictura")
    assert "refused" not in run("list").stdout
    assert f"{ids[0]}: refused: roc.png is damaged" in run("list", "--verify").stdout


def test_a_release_is_shown_with_its_history(store: Releases, ids: list[str]) -> None:
    store.promote(ids[0], forced="March was odd")
    told = run("show", ids[0][:6]).stdout
    for part in (f"{ids[0]}; the champion since", "whole", "k 5", "0.780", "model_card.html"):
        assert part in told
    assert "promoted; forced: March was odd" in told
    shown = json.loads(run("show", ids[0], "--json").stdout)
    assert shown["champion"]
    assert [entry["number"] for entry in shown["log"]] == [4, 1]


def test_a_damaged_release_is_shown_and_refused(store: Releases, ids: list[str]) -> None:
    (Path(store.location) / ids[2] / "roc.png").write_bytes(b"")
    assert "roc.png is damaged" in refusal("show", code=1)


def test_the_beginning_of_an_id_will_do_if_it_is_one_releases_alone(
    store: Releases, ids: list[str]
) -> None:
    assert run("show", ids[1][:5]).stdout.split()[1] == ids[1]
    assert "no release 'nope'" in refusal("show", "nope", code=2)
    assert "no release ''" in refusal("show", "", code=2)
    for file in ("a", "b"):
        (Path(store.location) / f"{file:0>12}").mkdir()
        (Path(store.location) / f"{file:0>12}" / TABLE).touch()
    assert "is the beginning of 2: 00000000000a, 00000000000b" in refusal("show", "0000000", code=2)


def test_a_roll_back_says_from_what_to_what_and_in_the_end_that_there_is_no_more(
    store: Releases, ids: list[str]
) -> None:
    assert run("rollback").stdout.startswith(f"{ids[2]} -> {ids[1]}: ")
    assert run("rollback").stdout.startswith(f"{ids[1]} -> {ids[0]}: ")
    assert "no earlier release" in refusal("rollback", code=1)
    assert store.champion() == ids[0]


def test_a_roll_back_says_what_it_passed_over(store: Releases, ids: list[str]) -> None:
    (Path(store.location) / ids[1] / TABLE).unlink()
    done = run("rollback")
    assert done.stdout.startswith(f"{ids[2]} -> {ids[0]}: ")
    assert f"passed over: release {ids[1]}: table.f64 is missing" in done.stderr


def test_a_reason_to_force_a_release_has_words(store: Releases, ids: list[str]) -> None:
    assert "needs a reason" in refusal("promote", ids[0], "--force", " ", code=2)
    assert "cannot be printed" in refusal("promote", ids[0], "--force", "\udcff", code=2)
    assert "1,000 are allowed" in refusal("promote", ids[0], "--force", "x" * 70_000, code=2)
    assert store.champion() == ids[2]


def test_without_the_training_extra_it_says_what_to_install(
    ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "training.gates", None)
    line = refusal("promote", ids[0], code=2)
    assert "extra 'training'" in line
    assert "rollback' needs neither" in line


def age_all(store: Releases) -> None:
    """Make the releases' folders look as if nobody was writing them now."""
    for file in Path(store.location).rglob("*"):
        os.utime(file, (1e9, 1e9))


def test_gc_deletes_what_nobody_needs(store: Releases, ids: list[str]) -> None:
    store.rollback()
    store.rollback()
    manifest, files = make([0.1] * DOMAIN_SIZE, made_at=LATE)
    store.publish(manifest, files)
    told = run("gc", "--keep", "1", "--dry-run").stdout
    assert "2 of 4 releases would be deleted" in told
    assert len(store.ids()) == 4
    run("gc", "--keep", "1", code=1, stdin="n\n")
    assert len(store.ids()) == 4
    run("gc", "--keep", "1", "--yes")
    assert sorted(store.ids()) == sorted([ids[0], manifest.id]), "the champion and the newest"
    assert "all 2 are needed" in run("gc", "--keep", "1").stdout
    assert store.load_champion()[0].id == ids[0]


def test_gc_keeps_the_way_back(store: Releases, ids: list[str]) -> None:
    run("gc", "--keep", "1", "--yes")
    assert ids[1] in store.ids(), "a roll back would come to it"
    assert ids[2] in store.ids()


def test_gc_leaves_what_may_be_being_written_and_takes_it_when_it_is_old(
    store: Releases, ids: list[str]
) -> None:
    (Path(store.location) / ids[0] / MANIFEST).unlink()
    run("gc", "--keep", "1", "--yes")
    assert ids[0] in store.ids()
    age_all(store)
    run("gc", "--keep", "1", "--yes")
    assert ids[0] not in store.ids()


def test_gc_deletes_damaged_and_older_formats_at_once(store: Releases, ids: list[str]) -> None:
    store.store.write(f"{ids[0]}/{MANIFEST}", b'{"format": 1}')
    run("gc", "--keep", "1", "--yes")
    assert ids[0] not in store.ids()


def test_gc_deletes_nothing_when_the_champion_is_unknown(store: Releases, ids: list[str]) -> None:
    store.store.write("champion/00000004.json", b"x")
    refusal("gc", "--keep", "1", "--yes", code=1)
    assert len(store.ids()) == 3


def test_what_is_opened_is_where_the_store_has_it(
    store: Releases, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    launched: list[str] = []
    monkeypatch.setattr("typer.launch", launched.append)
    card = Path(store.location) / ids[2] / "model_card.html"
    assert run("open").stdout.strip() == str(card)
    assert launched == [card.as_uri()]
    assert run("open", ids[1], "roc.png", "--print").stdout.strip().endswith("roc.png")
    assert len(launched) == 1
    assert "has no profile.html; it has" in refusal("open", "--profile", code=2)


def test_what_is_damaged_is_not_opened(store: Releases, ids: list[str]) -> None:
    (Path(store.location) / ids[2] / "model_card.html").write_bytes(b"<p>a cart</p>")
    assert "model_card.html is damaged" in refusal("open", "--print", code=1)


def test_what_is_in_the_cloud_is_fetched_with_its_pictures(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    store = Releases(f"s3://{bucket}/releases")
    manifest, files = make(more={**CARD, "map.png": b"another picture"})
    store.publish(manifest, files)
    store.promote(manifest.id)
    picture = run("open", manifest.id, "roc.png", "--print", "--releases", store.location)
    fetched = Path(picture.stdout.strip())
    assert list(fetched.parent.iterdir()) == [fetched]
    card = Path(run("open", "--print", "--releases", store.location).stdout.strip())
    assert card.read_bytes() == CARD["model_card.html"]
    assert card.with_name("roc.png").read_bytes() == CARD["roc.png"]
    assert not card.with_name(TABLE).exists()


def test_two_releases_are_compared_in_numbers_regions_and_strips(ids: list[str]) -> None:
    told = run("compare", ids[0], ids[2]).stdout
    assert "200 (0.33%) differ, by 0.500 at the most" in told
    assert "male, class 3: 98.02 to 100.00: 0 -> 1" in told
    assert "male, class 3: age not known: 0 -> 1" in told
    (strip,) = [line for line in told.splitlines() if line.startswith("male   3")]
    assert strip.split() == ["male", "3", "." * 49 + "+", "+"]


def test_one_release_is_compared_with_the_champion(ids: list[str]) -> None:
    found = json.loads(run("compare", ids[0], "--json").stdout)
    assert (found["before"], found["after"]) == (ids[2], ids[0])
    assert (found["outcomes"], found["inputs"]) == (200, 60_012)
    assert found["regions"][0]["from_age"] == 98.02


def test_a_comparison_is_drawn_in_a_file(ids: list[str], tmp_path: Path) -> None:
    picture = tmp_path / "flips.png"
    run("compare", ids[0], ids[2], "-o", str(picture))
    assert picture.read_bytes().startswith(b"\x89PNG")
    where = tmp_path / "nowhere" / "x.png"
    assert "cannot be written" in refusal("compare", ids[0], ids[2], "-o", str(where), code=2)


def test_a_share_that_is_small_is_not_said_to_be_none() -> None:
    inputs = 60_012
    assert share(0, inputs) == "0 (0.00%)"
    assert share(1, inputs) == "1 (<0.01%)"
    assert share(29, inputs) == "29 (0.05%)"
    assert share(inputs, inputs) == "60,012 (100.00%)"
    assert share(inputs - 1, inputs) == "60,011 (>99.99%)"


def test_an_empty_store_says_what_to_do(store: Releases) -> None:
    assert "run 'titanic train'" in refusal("show", code=2)
    told = run("list").stderr
    assert told == f"no release in {store.location}: 'titanic train' makes one\n"
    manifest, files = make()
    store.publish(manifest, files)
    assert "'titanic releases promote ID' changes that" in run("list").stderr


def test_an_empty_reason_for_questioned_data_is_a_reason_that_is_shown(store: Releases) -> None:
    manifest, files = make()
    made = manifest.model_copy(update={"accepted": ""})
    made = made.model_copy(update={"id": own_id(made)})
    store.publish(made, files)
    store.promote(made.id)
    assert f"{made.id}: the champion since" in run("list").stdout
    assert "; accepted: \n" in run("list").stdout
    assert "questionable data, because: " in run("show").stdout


@pytest.mark.parametrize(
    ("command", "arguments"),
    [("compare", "A [B]"), ("promote", "ID"), ("show", "[ID]"), ("open", "[ID] [FILE]")],
)
def test_the_usage_is_written_as_in_manuals(command: str, arguments: str) -> None:
    lines = [line.strip() for line in run(command, "--help").stdout.splitlines()]
    assert f"Usage: titanic releases {command} [OPTIONS] {arguments}" in lines


def test_the_commands_need_nothing_that_only_training_installs() -> None:
    code = (
        "import sys, cli.main; found = {'sklearn', 'pandas', 'numpy', 'matplotlib'} & "
        "set(sys.modules); assert not found, found"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_another_store_can_be_named(store: Releases, tmp_path: Path) -> None:
    other = Releases(str(tmp_path / "other"))
    release = publish(other)
    assert release in run("list", "--releases", other.location).stdout
