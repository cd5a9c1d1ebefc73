"""Two releases drawn over each other: the probability of survival by age, and where it flips."""

from io import BytesIO
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from titanic_model.passenger import CLASSES, SEXES
from titanic_model.scorer import AGES, MISSING_AGE, SHAPE, TIE, Scorer

BEFORE: Final = "#8c8c8c"
AFTER: Final = "#1f4e9c"
# Told apart by their hatches, too.
FLIPS: Final[dict[str, dict[str, Any]]] = {
    "now survives": {"facecolor": "#2a9d5c", "hatch": "//", "alpha": 0.25},
    "now dies": {"facecolor": "#c0392b", "hatch": "\\\\", "alpha": 0.25},
}
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
    lines, names = panels[0, 0].get_legend_handles_labels()
    flips = [Patch(label=name, **style) for name, style in FLIPS.items()]
    figure.legend(
        [*lines, *flips], [*names, *FLIPS], fontsize=9, ncols=4, loc="outside upper center"
    )
    figure.supxlabel("age in years; the dots: age not known")
    figure.supylabel("probability of survival")
    figure.suptitle(f"{before.version} → {after.version}", x=0.01, ha="left", fontsize=11)
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
    for where, style in zip((up, down), FLIPS.values(), strict=True):
        panel.fill_between(ages, 0, 1, where=where.tolist(), linewidth=0, **style)
    panel.axhline(TIE, color="black", linewidth=0.5, linestyle=":")
    panel.set_ylim(-0.03, 1.03)  # a line at 0 or 1 is seen whole
