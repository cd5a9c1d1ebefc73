"""A release put together: the model, what it was judged by, and what people read of it."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from typing import Final

import pandas as pd
from sklearn.pipeline import Pipeline

from titanic_model.manifest import HELD_OUT, PIPELINE, TABLE, Manifest, describe, release_id
from training import card, export, held_out, page, pictures
from training.card import SET_ASIDE, SET_ASIDE_FOR
from training.checks import fingerprint
from training.evaluate import Evaluation
from training.finding import Finding
from training.profile import profile
from training.reference import describe as figures

CARD: Final = "model_card.md"
PAGE: Final = "model_card.html"
EVALUATION: Final = "evaluation.json"
REFERENCE: Final = "reference.json"
PROFILE: Final = "profile.html"
LIBRARIES: Final = ("numpy", "pandas", "scikit-learn", "skops")


@dataclass(frozen=True)
class Data:
    """What was trained on: checked `rows`, what they raised, and why they were accepted then.

    `aside` is how many other rows were set aside, `aside_for` by the column whose rule they broke.
    """

    source: str
    rows: pd.DataFrame
    held_out: pd.DataFrame
    findings: Sequence[Finding] = ()
    accepted: str | None = None
    aside: int = 0
    aside_for: Mapping[str, int] = field(default_factory=dict)


def compose(
    data: Data, pipeline: Pipeline, evaluation: Evaluation
) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest and the files. Raises `Disagreement` when the files would not agree."""
    table = export.table(pipeline)
    facts: dict[str, str | int] = {
        "source": data.source,
        "sha256": fingerprint(data.rows),
        "rows": len(data.rows),
        "survived": int(data.rows["survived"].sum()),
        "age_missing": int(data.rows["age"].isna().sum()),
        **({SET_ASIDE: data.aside} if data.aside else {}),
        **{f"{SET_ASIDE_FOR}{column}": rows for column, rows in data.aside_for.items()},
    }
    parameters = _parameters(pipeline, evaluation)
    measured_on = held_out.write(data.held_out)
    release = release_id(table, str(facts["sha256"]), parameters, data.accepted, measured_on)
    versions = {"python": platform.python_version()} | {
        name: metadata.version(name) for name in LIBRARIES
    }
    made = datetime.now(UTC)
    drawn = pictures.draw(evaluation, table)
    about = card.About(
        release=release,
        made=made.date(),
        data=facts,
        versions=versions,
        findings=[finding.sentence for finding in data.findings],
        accepted=data.accepted,
    )
    text = card.markdown(about, evaluation)
    files = {
        TABLE: table,
        PIPELINE: export.dump(pipeline, table),
        REFERENCE: figures(data.rows).model_dump_json().encode(),
        HELD_OUT: measured_on,
        EVALUATION: evaluation.model_dump_json(indent=2).encode(),
        CARD: text.encode(),
        PAGE: page.html(text, drawn, title=f"Model card: release {release}").encode(),
        PROFILE: profile(data.rows, f"The data of release {release}").encode(),
        **drawn,
    }
    manifest = Manifest(
        id=release,
        created_at=made,
        files={name: describe(content) for name, content in files.items()},
        data=facts,
        parameters=parameters,
        metrics=evaluation.metrics(),
        versions=versions,
        accepted=data.accepted,
    )
    return manifest, files


def _parameters(pipeline: Pipeline, evaluation: Evaluation) -> dict[str, str | int | float]:
    choice = evaluation.choice
    return {
        "model": type(pipeline["knn"]).__name__,
        **choice.chosen.parameters.model_dump(),
        "seed": evaluation.seed,
        "folds": choice.folds,
        "repeats": choice.repeats,
        "chosen_on_rows": choice.rows,
        "learn_rows": evaluation.learn_rows,
        "held_out_rows": evaluation.held_out_rows,
    }
