"""The pictures: each is a PNG of a readable size, and the same figures give the same bytes."""

import struct
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest

from titanic_model.scorer import DOMAIN_SIZE, encode_table
from training import pictures
from training.evaluate import Evaluation
from training.pictures import draw


@pytest.fixture(scope="module")
def drawn(evaluation: Evaluation, model_table: bytes) -> dict[str, bytes]:
    return draw(evaluation, model_table)


def test_there_is_a_png_of_each(drawn: dict[str, bytes]) -> None:
    assert set(drawn) == {
        pictures.DECISION_SURFACE,
        pictures.CALIBRATION,
        pictures.ROC,
        pictures.CONFUSION,
        pictures.CHOICE,
    }
    for content in drawn.values():
        assert content.startswith(b"\x89PNG\r\n\x1a\n")
        width, height = struct.unpack(">II", content[16:24])
        assert 400 <= width <= 1200
        assert 400 <= height <= 900
        assert len(content) < 200_000


def test_the_same_figures_give_the_same_bytes_whatever_the_users_style(
    drawn: dict[str, bytes], evaluation: Evaluation, model_table: bytes
) -> None:
    with mpl.rc_context({"font.size": 20, "axes.facecolor": "red", "savefig.dpi": 30}):
        assert draw(evaluation, model_table) == drawn
        assert mpl.rcParams["font.size"] == 20, "it is left as it was"


def test_nothing_in_a_picture_says_when_or_with_what_it_was_drawn(drawn: dict[str, bytes]) -> None:
    for content in drawn.values():
        assert b"tEXt" not in content
        assert b"tIME" not in content


@pytest.mark.parametrize("probability", [0.0, 0.5, 1.0])
def test_a_model_that_says_the_same_of_everyone_can_be_drawn(probability: float) -> None:
    table = encode_table([probability] * DOMAIN_SIZE)
    assert pictures.decision_surface(table).axes


def test_a_model_that_never_makes_up_its_mind_can_be_drawn() -> None:
    table = encode_table((np.arange(DOMAIN_SIZE) // 500 % 2).astype(float).tolist())
    assert pictures.decision_surface(table).axes


def test_pyplot_with_its_global_state_is_not_used() -> None:
    code = (
        "import sys, training.pictures as p, titanic_model.scorer as s;"
        "p._png(p.decision_surface(bytes(s.TABLE_BYTES)));"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
