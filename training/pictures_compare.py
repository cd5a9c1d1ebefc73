"""Two releases drawn over each other: the probability of survival by age, and where it flips."""

from io import BytesIO
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from titanic_model.passenger import CLASSES, SEXES
from titanic_model.scorer import AGES, MISSING_AGE, SHAPE, TIE, Scorer

BEFORE: Final = "#8c8c8c"
AFTER: Final = "#1f4e9c"
# Told apart by their hatches, too.
NOW_SURVIVES: Final = {"facecolor": "#2a9d5c", "hatch": "//", "alpha": 0.25}
NOW_DIES: Final = {"facecolor": "#c0392b", "hatch": "\\\\", "alpha": 0.25}
UNKNOWN_AGE_AT: Final = 106.0


def draw(before: Scorer, after: Scorer) -> bytes:
    """A PNG with a panel for each sex and class."""
    figure = Figure(figsize=(12, 6.5), layout="constrained")
    panels = figure.subplots(len(SEXES), len(CLASSES), sharex=True, sharey=True)
    for row, sex in enumerate(SEXES):
        for column, pclass in enumerate(CLASSES):
            panel = panels[row, column]
            panel.set_title(f"{sex}, class {pclass}", fontsize=10)
            _panel(panel, _table(before)[row, column], _table(after)[row, column])
    figure.legend(*panels[0, 0].get_legend_handles_labels(), fontsize=9, loc="outside right upper")
    figure.supxlabel("age in years; the dots: age not known")
    figure.supylabel("probability of survival")
    figure.suptitle(
        f"{before.version} → {after.version}    // now survives    \\\\ now dies", fontsize=11
    )
    png = BytesIO()
    figure.savefig(png, format="png", dpi=120)
    return png.getvalue()


def _table(scorer: Scorer) -> NDArray[np.float64]:
    """The probabilities, of shape `SHAPE`."""
    return np.array([answer.probability for answer in scorer.answers]).reshape(SHAPE)


def _panel(panel: Axes, one: NDArray[np.float64], other: NDArray[np.float64]) -> None:
    ages = np.arange(AGES) / 100
    for line, colour, name in ((one, BEFORE, "before"), (other, AFTER, "after")):
        panel.plot(ages, line[:AGES], color=colour, linewidth=1, label=name)
        panel.plot([UNKNOWN_AGE_AT], [line[MISSING_AGE]], "o", color=colour, markersize=4)
    up = (one[:AGES] <= TIE) & (other[:AGES] > TIE)
    down = (one[:AGES] > TIE) & (other[:AGES] <= TIE)
    for where, style in ((up, NOW_SURVIVES), (down, NOW_DIES)):
        panel.fill_between(ages, 0, 1, where=where.tolist(), linewidth=0, **style)  # type: ignore[arg-type] # a style is keywords of many types
    panel.axhline(TIE, color="black", linewidth=0.5, linestyle=":")
    panel.set_ylim(0, 1)
