"""Training as a user meets it: one command, the same release each time, one line when it fails."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from titanic_model.manifest import HELD_OUT, PIPELINE, TABLE
from titanic_model.releases import Releases, StoreUnavailable
from titanic_model.settings import settings
from training import fit, gates, release
from training import train as training
from training.baselines import BASELINES
from training.checks import check, fingerprint
from training.dataset import load
from training.measures import METRICS
from training.release import CARD, EVALUATION, PAGE, PROFILE, REFERENCE
from training.train import train


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with _alone(tmp_path, monkeypatch):
        yield


@contextmanager
def _alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No settings of the caller's, nothing written into the project.

    Each candidate is tried once and no profile is made: `release_store` has what takes longest.
    """
    monkeypatch.chdir(folder)
    monkeypatch.delenv("TITANIC_RELEASES", raising=False)
    monkeypatch.setattr(training, "PICKLE", folder / "knn_model.p")
    monkeypatch.setattr(fit, "REPEATS", 1)
    monkeypatch.setattr(release, "profile", lambda rows, title: f"<title>{title}</title>")
    settings.cache_clear()
    yield
    settings.cache_clear()


def titanic_train(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["train", *map(str, arguments)])


def few(folder: Path) -> Path:
    """A CSV of some passengers, which trains quickly."""
    path = folder / "few.csv"
    check(load()).rows.sample(400, random_state=0).to_csv(path, index=False)
    return path


@dataclass(frozen=True)
class Trained:
    """Three trainings in a folder, on the same data with the same seed."""

    folder: Path
    first: Result
    again: Result
    beside: Result
    elsewhere: Result

    @property
    def releases(self) -> Releases:
        return Releases(str(self.folder / "releases"))

    @property
    def others(self) -> Releases:
        return Releases(str(self.folder / "my store"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The same twice into the same store, then into another, where no pickle can be written."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as monkeypatch, _alone(folder, monkeypatch):
        arguments = ("--data", few(folder), "--seed", "7")
        first, again = titanic_train(*arguments), titanic_train(*arguments)
        beside = titanic_train(*arguments, "--releases", folder / "another store")
        monkeypatch.setattr(training, "PICKLE", folder / "gone" / "knn_model.p")
        elsewhere = titanic_train(*arguments, "--releases", folder / "my store")
    for result in (first, again, beside, elsewhere):
        assert result.exit_code == 0, result.output
    return Trained(folder, first, again, beside, elsewhere)


def test_a_release_holds_its_files_and_tells_where_it_comes_from(release_store: str) -> None:
    releases = Releases(release_store)
    manifest, _ = releases.load(releases.champion())
    assert {TABLE, PIPELINE, REFERENCE, HELD_OUT, EVALUATION, CARD, PAGE, PROFILE} < set(
        manifest.files
    )
    assert {name.partition(".")[2] for name in manifest.files} >= {"png", "html", "md"}
    assert manifest.data["sha256"] == fingerprint(check(load()).rows)
    assert (manifest.data["rows"], manifest.data["survived"]) == (1_309, 500)
    assert manifest.data["age_missing"] == 263
    assert manifest.parameters["seed"] == 0
    assert set(manifest.versions) == {"python", "numpy", "pandas", "scikit-learn", "skops"}
    assert list(manifest.metrics) == ["knn", *BASELINES]
    assert all(set(metrics) == set(METRICS) for metrics in manifest.metrics.values())


def test_the_same_data_and_seed_give_the_same_release_and_the_same_table(trained: Trained) -> None:
    one, _ = trained.releases.load(trained.releases.champion())
    other, _ = trained.others.load(trained.others.champion())
    assert one.id == other.id
    assert trained.releases.file(one, TABLE) == trained.others.file(other, TABLE)
    assert one.metrics == other.metrics


def test_another_seed_gives_another_release(trained: Trained, tmp_path: Path) -> None:
    store = Releases(str(tmp_path / "store"))
    other = train(store, data=trained.folder / "few.csv", seed=8)
    assert other.new
    assert store.champion() == other.manifest.id != trained.releases.champion()


def test_the_file_name_of_the_data_is_kept_and_not_its_path(trained: Trained) -> None:
    manifest = trained.releases.manifest(trained.releases.champion())
    assert manifest.data["source"] == "few.csv"
    assert str(trained.folder) not in manifest.model_dump_json()


def test_the_command_prints_the_figures_the_release_and_what_to_do_next(trained: Trained) -> None:
    stdout = trained.first.stdout
    champion = trained.releases.champion()
    for told in ("always no", "by sex alone", "accuracy", "log loss", "ROC AUC", "Brier"):
        assert told in stdout
    assert stdout.splitlines()[-5:] == [
        f"release  {champion}, now the champion",
        f"stored   releases/{champion}",
        f"pickle   {trained.folder / 'knn_model.p'}",
        f"read     titanic releases open {champion}",
        "next     titanic up",
    ]
    assert (trained.folder / "knn_model.p").exists()


def test_nothing_is_written_to_stderr_where_that_is_no_terminal(trained: Trained) -> None:
    assert trained.first.stderr == ""


def test_the_second_time_it_says_that_the_release_is_the_same(trained: Trained) -> None:
    assert "as before: the same data and seed" in trained.again.stdout


def test_another_store_is_named_in_what_to_do_next(trained: Trained) -> None:
    named = f"next     TITANIC_RELEASES='{trained.others.location}' titanic up"
    assert trained.elsewhere.stdout.splitlines()[-1] == named


def test_a_package_that_is_read_only_stops_nobody(trained: Trained) -> None:
    assert "pickle   none: " in trained.elsewhere.stdout


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "No such file or directory"),
        ("", "empty"),
        ("pclass,sex,age\n", "no column survived"),
        ("pclass,sex,age,survived\n4,male,101,1\n", 'pclass: "4" in row 2'),
        ("pclass,sex,age,survived\n1,male,1,1\n", "1 rows; at least 100 are needed"),
    ],
)
def test_bad_data_is_a_line_for_each_fault_and_exit_code_2(
    tmp_path: Path, content: str | None, why: str
) -> None:
    path = tmp_path / "bad.csv"
    if content is not None:
        path.write_text(content)
    result = titanic_train("--data", path)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("titanic train: ")
    assert why in result.stderr
    faults = 4 if "3 rules are broken" in result.stderr else 1
    assert result.stderr.count("\n") == faults
    assert not Path("releases").exists()


def test_a_bad_setting_and_a_store_that_is_none_are_one_line_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stored = titanic_train("--releases", "foo://bar")
    assert stored.exit_code == 2
    assert stored.stderr.count("\n") == 1
    monkeypatch.setenv("TITANIC_PARTITIONS", "many")
    settings.cache_clear()
    refused = titanic_train()
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert "TITANIC_PARTITIONS=many" in refused.stderr


def test_python_m_is_the_same_command(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "training.train", "--data", "gone.csv"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "titanic train: gone.csv: No such file or directory\n"


def test_the_commands_help_needs_neither_pandas_nor_scikit_learn() -> None:
    code = "import sys, training.command; print({'pandas', 'sklearn'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_champion_stays_when_the_data_is_bad(trained: Trained, tmp_path: Path) -> None:
    champion = trained.releases.champion()
    bad = tmp_path / "bad.csv"
    pd.read_csv(trained.folder / "few.csv").assign(survived=1).to_csv(bad, index=False)
    assert titanic_train("--data", bad, "--releases", trained.releases.location).exit_code == 2
    assert trained.releases.champion() == champion


@dataclass(frozen=True)
class Aside:
    """A training with a row that breaks a rule: first its release cannot be published."""

    folder: Path
    failed: Result
    left: list[str]
    done: Result


@pytest.fixture(scope="module")
def aside(tmp_path_factory: pytest.TempPathFactory) -> Aside:
    folder = tmp_path_factory.mktemp("aside")
    with pytest.MonkeyPatch.context() as monkeypatch, _alone(folder, monkeypatch):
        data = few(folder)
        with data.open("a") as file:
            file.write("1,female,130,1,\n2,who,200,0,\n")
        arguments = ("--data", data, "--quarantine", "bad.csv", "--releases", "store")
        with pytest.MonkeyPatch.context() as broken:
            broken.setattr(Releases, "publish", _unavailable)
            failed = titanic_train(*arguments)
        left = sorted(path.name for path in folder.iterdir())
        done = titanic_train(*arguments)
    return Aside(folder, failed, left, done)


def _unavailable(*_: object) -> None:
    raise StoreUnavailable("store: it went away")


def test_a_training_that_fails_leaves_no_rows_aside(aside: Aside) -> None:
    assert aside.failed.exit_code == 2
    assert aside.failed.stderr == "titanic train: store: it went away\n"
    assert aside.left == ["few.csv"]


def test_rows_set_aside_are_in_the_file_the_manifest_and_the_card(aside: Aside) -> None:
    assert aside.done.exit_code == 0, aside.done.stderr
    assert "2 rows set aside in bad.csv" in aside.done.stdout
    assert pd.read_csv(aside.folder / "bad.csv")["row"].tolist() == [402, 403]
    releases = Releases(str(aside.folder / "store"))
    manifest = releases.manifest(releases.champion())
    told = {key: value for key, value in manifest.data.items() if key.startswith("set_aside")}
    assert told == {"set_aside": 2, "set_aside_for_age": 2, "set_aside_for_sex": 1}
    card = releases.file(manifest, CARD).decode()
    assert "2, because of\n\n- sex: 1; male or female is allowed\n- age: 2; a number" in card


def test_where_rows_cannot_be_set_aside_is_said_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("mine")
    for path, why in (("mine.csv", "is there already"), ("gone/x.csv", "cannot be written")):
        refused = titanic_train("--data", "gone.csv", "--quarantine", path)
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert refused.stderr.startswith(f"titanic train: {path}")
        assert why in refused.stderr
        assert refused.stderr.count("\n") == 1


def test_a_release_that_the_gates_refuse_cannot_be_overlooked(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(trained.releases.location, tmp_path / "releases")
    champion = Releases("releases").champion()
    (tmp_path / "knn_model.p").write_bytes(b"that in service")
    monkeypatch.setattr(gates, "failing", lambda *_: iter(["it is no good"]))
    refused = titanic_train("--data", trained.folder / "few.csv", "--seed", "9")
    assert refused.exit_code == 0
    [new] = {path.name for path in Path("releases").iterdir()} - {champion, "champion"}
    assert refused.stderr == (
        f"titanic train: release {new} was made and is NOT in service: it is no good. "
        f"{champion} stays in service\n"
    )
    assert refused.stdout.splitlines()[-7:] == [
        f"release  {new}, NOT in service:",
        "         - it is no good",
        f"stored   releases/{new}",
        f"pickle   {tmp_path / 'knn_model.p'} stays as it was: this release is not in service",
        f"read     titanic releases open {new}",
        f"next     titanic releases compare {new}",
        f"or else  titanic releases promote {new} --force 'REASON'",
    ]
    assert (tmp_path / "knn_model.p").read_bytes() == b"that in service"


def test_the_pickle_is_of_the_store_that_workers_follow(trained: Trained) -> None:
    """Training into another store leaves it, but where there is none yet."""
    assert "knn_model.p stays as it was: this release is for another store" in trained.beside.stdout


def test_to_accept_questionable_data_takes_a_reason() -> None:
    refused = titanic_train("--accept", " ")
    assert refused.exit_code == 2
    assert "--accept needs a reason" in refused.stderr
