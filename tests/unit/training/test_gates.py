"""The gates: what keeps a release out of service, by which sentence, and what a reason can do."""

import pickle
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest
import skops.io
from typer.testing import CliRunner

from cli.main import app
from tests.unit.training.conftest import Parts
from titanic_model.manifest import (
    HELD_OUT,
    MANIFEST,
    PIPELINE,
    TABLE,
    Manifest,
    describe,
    release_id,
)
from titanic_model.releases import ReleaseRefused, Releases
from training import export, gates, held_out
from training.fit import FEATURES, OUTCOME, Parameters, unfitted
from training.gates import NotAdmitted, admit
from training.split import split


@pytest.fixture
def store(release_store: str, tmp_path: Path) -> Releases:
    """A store whose champion is the model of the real passengers."""
    shutil.copytree(release_store, tmp_path / "store")
    return Releases(str(tmp_path / "store"))


@dataclass(frozen=True)
class Variant:
    """Files and facts in place of the champion's."""

    files: dict[str, bytes]
    versions: dict[str, str]

    def publish(self, store: Releases) -> str:
        champion = store.manifest(store.champion())
        files = {name: store.file(champion, name) for name in champion.files} | self.files
        files = {name: content for name, content in files.items() if content}
        parameters = {**champion.parameters, "variant": datetime.now(UTC).isoformat()}
        manifest = Manifest(
            id=release_id(
                files[TABLE],
                str(champion.data["sha256"]),
                parameters,
                held_out=files.get(HELD_OUT),
            ),
            created_at=datetime.now(UTC),
            files={name: describe(content) for name, content in files.items()},
            data=champion.data,
            parameters=parameters,
            metrics=champion.metrics,
            versions={**champion.versions, **self.versions},
        )
        assert store.publish(manifest, files)
        return manifest.id


def variant(files: dict[str, bytes] | None = None, **versions: str) -> Variant:
    return Variant(files or {}, {name.replace("_", "-"): of for name, of in versions.items()})


class Models(NamedTuple):
    """Releases of other models, each whole and consistent."""

    good: Variant
    unsure_of_nothing: Variant
    flipped: Variant


@pytest.fixture(scope="module")
def models(parts: Parts) -> Models:
    flipped = parts.learn.assign(survived=1 - parts.learn["survived"])
    return Models(_model(parts.learn, 81), _model(parts.learn, 1), _model(flipped, 21))


def _model(learn: pd.DataFrame, k: int) -> Variant:
    parameters = Parameters(n_neighbors=k, weights="uniform", metric="euclidean")
    pipeline = unfitted(parameters).fit(learn[list(FEATURES)], learn[OUTCOME])
    table = export.table(pipeline)
    return variant({TABLE: table, PIPELINE: export.dump(pipeline, table)})


def test_a_model_no_worse_than_the_champion_goes_into_service(
    store: Releases, models: Models
) -> None:
    release = models.good.publish(store)
    entry = admit(store, release)
    assert (entry.release, entry.how, entry.forced) == (release, "promoted", None)
    assert store.champion() == release


def test_the_first_release_is_judged_without_a_champion(release_store: str, tmp_path: Path) -> None:
    champion = Releases(release_store).champion()
    shutil.copytree(Path(release_store) / champion, tmp_path / champion)
    store = Releases(str(tmp_path))
    assert store.entry() is None
    assert admit(store, champion).number == 1


class Stranger:
    """Of a type that no pipeline of ours has."""


REFUSED: dict[str, tuple[Callable[[Models], Variant], str]] = {
    "made with another scikit-learn": (
        lambda _: variant(scikit_learn="0.24.2"),
        r"made with scikit-learn 0\.24\.2, and this is \d",
    ),
    "a table of another model's": (
        lambda models: variant({TABLE: models.good.files[TABLE]}),
        "its table.f64 is not what its pipeline.skops answers",
    ),
    "no pipeline": (lambda _: variant({PIPELINE: b""}), "it has no pipeline.skops"),
    "a pickle": (
        lambda _: variant({PIPELINE: pickle.dumps({"not": "skops"})}),
        "its pipeline.skops cannot be used",
    ),
    "types that nobody trusts": (
        lambda _: variant({PIPELINE: skops.io.dumps(Stranger())}),
        "its pipeline.skops cannot be used: Untrusted types found",
    ),
    "no held-out passengers": (lambda _: variant({HELD_OUT: b""}), "it has no held_out.csv"),
    "held-out passengers that are none": (
        lambda _: variant({HELD_OUT: b"not,a,table\n"}),
        "its held_out.csv is no table of pclass, sex, age, survived",
    ),
    "labels flipped": (
        lambda models: models.flipped,
        r"of a female passenger of 29 in class 1 it says 0, with a probability of survival of 0",
    ),
    "worse than to know nothing": (
        lambda models: models.flipped,
        r"no better than to say 0\.40 of each",
    ),
    "worse than the champion": (
        lambda models: models.unsure_of_nothing,
        r"log loss on 255 .* is \d+\.\d+, that of the champion [0-9a-f]+ 0\.\d+; 0\.02 worse",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_and_the_champion_stays(what: str, store: Releases, models: Models) -> None:
    made, sentence = REFUSED[what]
    champion = store.champion()
    release = made(models).publish(store)
    with pytest.raises(NotAdmitted, match=sentence) as refusal:
        admit(store, release)
    assert "\n" not in str(refusal.value)
    assert store.champion() == champion


def test_a_reason_goes_over_the_gates_and_is_kept(store: Releases, models: Models) -> None:
    release = models.flipped.publish(store)
    entry = admit(store, release, force="a rehearsal")
    assert store.entry() == entry
    assert (entry.release, entry.forced) == (release, "a rehearsal")


def test_a_reason_that_was_not_needed_is_not_kept(store: Releases, models: Models) -> None:
    release = models.good.publish(store)
    assert admit(store, release, force="to be on the safe side").forced is None


@pytest.mark.parametrize("name", [TABLE, PIPELINE, HELD_OUT])
def test_no_reason_goes_over_damage(name: str, store: Releases, models: Models) -> None:
    champion = store.champion()
    release = models.good.publish(store)
    (Path(store.location) / release / name).write_bytes(b"something else")
    with pytest.raises(ReleaseRefused, match=f"{name} is damaged"):
        admit(store, release, force="please")
    assert store.champion() == champion


def test_a_champion_that_lost_its_held_out_passengers_is_no_reason_to_compare_with_none(
    store: Releases, models: Models
) -> None:
    release = models.good.publish(store)
    (Path(store.location) / store.champion() / HELD_OUT).unlink()
    with pytest.raises(NotAdmitted, match="cannot be compared with the champion") as refusal:
        admit(store, release)
    assert len(refusal.value.failures) == 1
    assert admit(store, release, force="it was lost").release == release


def test_a_champion_that_is_damaged_bars_nobody(store: Releases, models: Models) -> None:
    release = models.good.publish(store)
    (Path(store.location) / store.champion() / TABLE).unlink()
    assert admit(store, release).release == release


def test_the_command_refuses_in_one_line_and_lets_itself_be_forced(
    store: Releases, models: Models
) -> None:
    release = models.unsure_of_nothing.publish(store)
    promote = ["releases", "promote", release[:8], "--releases", store.location]
    refused = CliRunner().invoke(app, promote)
    assert refused.exit_code == 1
    assert refused.stderr.startswith(f"titanic releases promote: release {release} was not put")
    assert refused.stderr.count("\n") == 1
    forced = CliRunner().invoke(app, [*promote, "--force", "a rehearsal"])
    assert forced.exit_code == 0
    assert forced.stdout.endswith("(forced: a rehearsal)\n")


def test_the_command_mends_a_damaged_log(store: Releases) -> None:
    champion = store.champion()
    (Path(store.location) / "champion" / "00000002.json").write_text("x")
    done = CliRunner().invoke(app, ["releases", "promote", champion, "--releases", store.location])
    assert done.exit_code == 0, done.stderr
    assert store.champion() == champion


@pytest.mark.parametrize(
    ("log_loss", "accuracy", "expected"),
    [
        (0.50, 0.80, []),
        (0.519, 0.771, []),
        (0.521, 0.80, ["log_loss"]),
        (0.50, 0.769, ["accuracy"]),
        (0.60, 0.70, ["log_loss", "accuracy"]),
        (0.10, 0.99, []),
    ],
)
def test_a_little_worse_is_tolerated_and_any_better_is(
    log_loss: float, accuracy: float, expected: list[str]
) -> None:
    champion = {"log_loss": 0.50, "accuracy": 0.80}
    assert gates.intolerable({"log_loss": log_loss, "accuracy": accuracy}, champion) == expected


def test_a_model_of_few_passengers_is_measured_on_the_champions_too(
    store: Releases, parts: Parts
) -> None:
    learn, few = split(parts.learn.sample(120, random_state=0).assign(age=22.0))
    model = _model(learn, 21)
    release = Variant({**model.files, HELD_OUT: held_out.write(few)}, {}).publish(store)
    with pytest.raises(NotAdmitted) as refusal:
        admit(store, release)
    measured = len(held_out.either(few, parts.held_out))
    assert measured > len(parts.held_out)
    assert f"log loss on {measured} held-out passengers" in str(refusal.value)


def test_many_passengers_of_its_own_do_not_outvote_those_of_the_champion(
    store: Releases, parts: Parts
) -> None:
    women = parts.learn["sex"] == "female"
    swapped = parts.learn.assign(survived=parts.learn["survived"].where(women, 0))
    many = pd.concat([swapped] * 15, ignore_index=True)
    learn, own = split(many.assign(age=many["age"].round()))
    model = _model(learn, 101)
    release = Variant({**model.files, HELD_OUT: held_out.write(own)}, {}).publish(store)
    with pytest.raises(NotAdmitted) as refusal:
        admit(store, release)
    (failure,) = refusal.value.failures
    assert f"its log loss on {len(parts.held_out)} that the champion held out is" in failure


def test_passengers_that_were_made_easier_are_another_releases(
    store: Releases, models: Models, parts: Parts
) -> None:
    release = models.good.publish(store)
    women = parts.held_out["sex"] == "female"
    easy = parts.held_out.assign(survived=women.astype(int))
    folder = Path(store.location) / release
    (folder / HELD_OUT).write_bytes(held_out.write(easy))
    manifest = store.manifest(release)
    files = {**manifest.files, HELD_OUT: describe(held_out.write(easy))}
    (folder / MANIFEST).write_bytes(manifest.model_copy(update={"files": files}).content())
    with pytest.raises(ReleaseRefused, match="it was tampered with"):
        admit(store, release, force="please")


def test_the_tolerance_and_the_golden_passengers_are_of_what_they_name() -> None:
    assert set(gates.TOLERATED) == {"log_loss", "accuracy"}
    assert {survived for *_, survived in gates.GOLDEN} == {0, 1}
