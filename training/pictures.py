"""The model and its evaluation as pictures: PNG files, the same bytes for the same figures.

The colours are those of Okabe and Ito, and of ColorBrewer's PuOr, which the colour-blind tell
apart; what a colour says, a mark, a hatch or a number says too.
"""

import io
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from titanic_model.passenger import CLASSES, MAX_AGE_YEARS, SEXES
from titanic_model.scorer import AGES, SHAPE, TIE
from training.evaluate import MODEL, Evaluation
from training.fit import Choice
from training.measures import Floats

DECISION_SURFACE: Final = "decision_surface.png"
CALIBRATION: Final = "calibration.png"
ROC: Final = "roc.png"
CONFUSION: Final = "confusion.png"
CHOICE: Final = "choice.png"

_DPI: Final = 110
# That the word "survives" fits into.
_WORD_YEARS: Final = 12
# From one labelled k to the next, so that the numbers don't touch.
_TICKS_APART: Final = 1.22
_BLUE, _ORANGE, _GREEN, _PINK, _GREY = "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#666666"
_LINES: Final = (
    (_BLUE, "-"),
    (_GREY, ":"),
    (_ORANGE, "--"),
    (_GREEN, "-."),
    (_PINK, (0, (4, 1, 1, 1, 1, 1))),
)
# Colour, mark, and how far beside its k it is drawn, so that one does not hide the other.
_METRICS: Final = {"euclidean": (_BLUE, "o", 0.985), "manhattan": (_ORANGE, "s", 1.015)}
_STYLE: Final = {
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "legend.frameon": False,
}


def draw(evaluation: Evaluation, table: bytes) -> dict[str, bytes]:
    """All pictures by file name. `table` is the release's, see `titanic_model.scorer`."""
    pictures: Mapping[str, Callable[[], Figure]] = {
        DECISION_SURFACE: lambda: decision_surface(table),
        CALIBRATION: lambda: calibration(evaluation),
        ROC: lambda: roc(evaluation),
        CONFUSION: lambda: confusion(evaluation),
        CHOICE: lambda: choice(evaluation.choice),
    }
    with mpl.rc_context(_style()):  # type: ignore[arg-type]  # the stub lists each key
        return {name: _png(picture()) for name, picture in pictures.items()}


def decision_surface(table: bytes) -> Figure:
    """The probability of survival by age, for each sex and class, and where the outcome turns."""
    survival = np.frombuffer(table, dtype="<f8").reshape(SHAPE)
    figure = Figure(figsize=(9, 4.6), layout="constrained")
    grid = figure.subplots(
        len(SEXES) * len(CLASSES), 2, width_ratios=[24, 2.4], sharex="col", squeeze=False
    )
    kinds = [(s, c) for s in range(len(SEXES)) for c in range(len(CLASSES))]
    for (known, missing), (sex, pclass) in zip(grid, kinds, strict=True):
        strip = survival[sex, pclass, :AGES]
        image = _strip(known, strip, (0, MAX_AGE_YEARS))
        for place in np.flatnonzero(np.diff(strip > TIE)):
            known.axvline((place + 1) / 100, color="black", linewidth=1.2)
        for low, high, survives in _runs(strip > TIE):
            if high - low >= _WORD_YEARS:
                _word(known, (low + high) / 2, survives)
        known.set_ylabel(
            f"{SEXES[sex]}, class {CLASSES[pclass]}", rotation=0, ha="right", va="center"
        )
        alone = survival[sex, pclass, AGES]
        _strip(missing, np.array([alone]), (0, 1))
        _word(missing, 0.5, bool(alone > TIE))
    grid[-1][0].set_xlabel("age in years; a black line is where the outcome turns")
    grid[-1][0].set_xticks(range(0, MAX_AGE_YEARS + 1, 10))
    grid[-1][1].set_xticks([0.5], ["age\nmissing"])
    figure.suptitle("What the model says of everyone there can be", x=0.01, ha="left")
    figure.colorbar(image, ax=grid, label="probability of survival", fraction=0.03, pad=0.01)
    return figure


def calibration(evaluation: Evaluation) -> Figure:
    """What happened to those of whom a probability was said, and how many they were."""
    found = evaluation.calibration
    figure = Figure(figsize=(6, 6), layout="constrained")
    curve, histogram = figure.subplots(2, 1, height_ratios=[4, 1], sharex=True)
    said = [each.mean_prediction for each in found]
    survived = np.array([each.survival.value for each in found])
    below = survived - [each.survival.low for each in found]
    above = np.array([each.survival.high for each in found]) - survived
    curve.plot([0, 1], [0, 1], color=_GREY, linestyle=":", label="perfectly calibrated")
    curve.errorbar(
        said, survived, [below, above], color=_BLUE, marker="o", capsize=3, label="the model, 95 %"
    )
    error = evaluation.model.metrics["calibration_error"].value
    curve.set_title(f"Calibration: the error is {error:.3f}")
    curve.set_ylabel("share that survived")
    curve.set_ylim(-0.02, 1.02)
    curve.legend(loc="upper left")
    middles = [(each.low + each.high) / 2 for each in found]
    bars = histogram.bar(middles, [each.rows for each in found], width=0.09, color=_BLUE)
    histogram.bar_label(bars, fontsize=8, padding=1)
    histogram.set_ymargin(0.25)
    histogram.set_ylabel("passengers")
    histogram.set_xlabel("probability of survival that the model gives")
    histogram.set_xlim(0, 1)
    return figure


def roc(evaluation: Evaluation) -> Figure:
    """True against false positives at every threshold, of the model and the baselines."""
    figure = Figure(figsize=(6, 6), layout="constrained")
    axes = figure.subplots()
    for (name, contender), (colour, line) in zip(
        evaluation.contenders.items(), _LINES, strict=True
    ):
        wrong, right = zip(*contender.roc, strict=True)
        label = (
            f"{'the model' if name == MODEL else name}: {contender.metrics['roc_auc'].value:.3f}"
        )
        width = 2.5 if name == MODEL else 1.5
        axes.plot(wrong, right, color=colour, linestyle=line, linewidth=width, label=label)
    axes.set_title("ROC: the area is how often the right one of a pair is found")
    axes.set_xlabel("of those who died, the share that is said to survive")
    axes.set_ylabel("of those who survived, the share that is said to survive")
    axes.set_aspect("equal")
    axes.legend(loc="lower right", title="area under the curve")
    return figure


def confusion(evaluation: Evaluation) -> Figure:
    """What was said of the held-out passengers, and what became of them."""
    found = evaluation.confusion
    counts = np.array(
        [
            [found.said_no_died, found.said_yes_died],
            [found.said_no_survived, found.said_yes_survived],
        ]
    )
    figure = Figure(figsize=(4.6, 4.4), layout="constrained")
    axes = figure.subplots()
    axes.imshow(counts, cmap="Blues", vmin=0, vmax=counts.sum())
    for (row, column), count in np.ndenumerate(counts):
        verdict = "right" if row == column else "wrong"
        share = count / counts.sum()
        axes.text(column, row, f"{count:,}\n{share:.0%}, {verdict}", ha="center", va="center")
    axes.set_xticks([0, 1], ["dies", "survives"])
    axes.set_yticks([0, 1], ["died", "survived"])
    axes.set_xlabel("the model says")
    axes.set_ylabel("what happened")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(f"{counts.sum():,} held-out passengers")
    return figure


def choice(found: Choice) -> Figure:
    """Each candidate's log loss by k, with its standard error, and which was chosen."""
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    weighings = list(dict.fromkeys(each.parameters.weights for each in found.candidates))
    panels = figure.subplots(1, len(weighings), squeeze=False)[0]
    for axes, weights in zip(panels, weighings, strict=True):
        for metric, (colour, mark, aside) in _METRICS.items():
            line = [
                each
                for each in found.candidates
                if (each.parameters.weights, each.parameters.metric) == (weights, metric)
            ]
            axes.errorbar(
                [each.parameters.n_neighbors * aside for each in line],
                [each.log_loss for each in line],
                [each.log_loss_se for each in line],
                color=colour,
                marker=mark,
                capsize=3,
                label=metric,
            )
        chosen = found.chosen
        if chosen.parameters.weights == weights:
            aside = _METRICS[chosen.parameters.metric][2]
            place = (chosen.parameters.n_neighbors * aside, chosen.log_loss)
            axes.plot(*place, "o", markersize=16, fillstyle="none", color="black", label="chosen")
        axes.set_xscale("log")
        _plain_ticks(axes, (each.parameters.n_neighbors for each in found.candidates))
        axes.set_xlabel("neighbours (k)")
        axes.set_title(
            "each neighbour has one vote" if weights == "uniform" else "votes weighted by distance"
        )
        axes.legend()
    panels[0].set_ylabel(f"log loss, {found.folds} folds, {found.repeats} times, ± 1 SE")
    return figure


def _style() -> dict[str, object]:
    """Matplotlib's own defaults, not the user's; the backend is pyplot's, which is not used."""
    defaults = mpl.rcParamsDefault.items()
    return {**{key: value for key, value in defaults if "backend" not in key}, **_STYLE}


def _strip(axes: Axes, survival: Floats, extent: tuple[float, float]) -> AxesImage:
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    return axes.imshow(
        survival[np.newaxis],
        cmap="PuOr",
        vmin=0,
        vmax=1,
        aspect="auto",
        interpolation="nearest",
        extent=(*extent, -0.5, 0.5),
    )


def _word(axes: Axes, place: float, survives: bool) -> None:
    axes.text(
        place,
        0,
        "survives" if survives else "dies",
        ha="center",
        va="center",
        fontsize=9,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 2},
    )


def _runs(survives: np.ndarray) -> Iterable[tuple[float, float, bool]]:
    """From which age to which the outcome stays the same, in years."""
    turns = [0, *(np.flatnonzero(np.diff(survives)) + 1), len(survives)]
    for low, high in pairwise(turns):
        yield low / 100, high / 100, bool(survives[low])


def _plain_ticks(axes: Axes, places: Iterable[int]) -> None:
    """Those that leave room for the number before, on a scale of logarithms."""
    ticks = sorted(set(places))
    axes.set_xlim(ticks[0] * 0.85, ticks[-1] * 1.15)
    shown: list[int] = []
    for tick in ticks:
        if not shown or tick >= shown[-1] * _TICKS_APART:
            shown.append(tick)
    axes.set_xticks(ticks, [str(tick) if tick in shown else "" for tick in ticks], fontsize=8)
    axes.minorticks_off()


def _png(figure: Figure) -> bytes:
    FigureCanvasAgg(figure)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=_DPI, metadata={"Software": None})
    return content.getvalue()
