"""The model card: its headings, its figures, and that texts of others stay texts."""

import re
from datetime import date
from html.parser import HTMLParser

import pytest

from training.card import About, markdown
from training.evaluate import MODEL, Evaluation
from training.measures import Estimate
from training.page import html
from training.pictures import draw

ATTACK = "<script>alert(1)</script>\n# [so](javascript:alert(1)) ![x](http://example.org/x.png) `|`"
ABOUT = About(
    release="16cc0a4a9dd0",
    made=date(2026, 11, 24),
    data={"source": "few.csv", "rows": 1309},
    versions={"python": "3.11.7", "scikit-learn": "1.9"},
)
HEADINGS = [  # Mitchell et al., 2019
    "Model details",
    "Intended use",
    "Factors",
    "Metrics",
    "Evaluation data",
    "Training data",
    "Quantitative analyses",
    "Ethical considerations",
    "Caveats and recommendations",
]


@pytest.fixture(scope="module")
def card(evaluation: Evaluation) -> str:
    return markdown(ABOUT, evaluation)


@pytest.fixture(scope="module")
def images(evaluation: Evaluation, model_table: bytes) -> dict[str, bytes]:
    return draw(evaluation, model_table)


@pytest.fixture(scope="module")
def page(card: str, images: dict[str, bytes]) -> str:
    return html(card, images, title="Model card")


def test_the_headings_are_those_of_model_cards(card: str) -> None:
    assert re.findall(r"^## (.+)$", card, re.MULTILINE) == HEADINGS
    assert card.startswith("# Model card: release 16cc0a4a9dd0\n")


def test_the_figures_of_every_contender_and_slice_are_in_it(
    card: str, evaluation: Evaluation
) -> None:
    for name, contender in evaluation.contenders.items():
        row = f"| {'**this model' if name == MODEL else name}"
        assert row in card
        for found in contender.metrics.values():
            assert f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})" in card
    for each in evaluation.slices:
        assert f"| {each.by}: {each.value} | {each.rows:,} |" in card
        assert all(mark in card for mark in each.marks)
    assert str(evaluation.choice.chosen.parameters) in card
    assert f"{evaluation.choice.chosen.log_loss:.3f} ±" in card


def test_what_the_model_is_ahead_of_and_what_not_is_said(card: str, evaluation: Evaluation) -> None:
    assert re.search(r'By log loss the model is better than "always no".*; not told apart', card)
    difference = Estimate(value=-0.1, low=-0.2, high=-0.05)
    rival = evaluation.contenders["by sex alone"]
    rival = rival.model_copy(update={"difference": {**rival.difference, "accuracy": difference}})
    contenders = {**evaluation.contenders, "by sex alone": rival}
    worse = markdown(ABOUT, evaluation.model_copy(update={"contenders": contenders}))
    assert re.search(r'By accuracy the model is .*; worse than "by sex alone"\.', worse)


def test_every_table_is_one(card: str, page: str) -> None:
    heads = len(re.findall(r"^\|---", card, re.MULTILINE))
    assert heads == page.count("<table>") == page.count('<div class="table">') == 3
    for line in card.splitlines():
        assert not re.search(r"\b(nan|None)\b", line), line


def test_every_picture_is_in_the_card_and_in_the_page(
    card: str, page: str, images: dict[str, bytes]
) -> None:
    assert set(re.findall(r"!\[[^\]]+\]\(([^)]+)\)", card)) == set(images)
    assert page.count('src="data:image/png;base64,') == len(images)


class Asked(HTMLParser):
    """What a page would load, and what it would run."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def asked(page: str) -> Asked:
    parser = Asked()
    parser.feed(page)
    parser.close()
    assert not parser.open
    return parser


def test_the_page_asks_for_nothing_and_runs_nothing(page: str) -> None:
    found = asked(page)
    assert all(load.startswith("data:image/png;base64,") for load in found.loads)
    assert "script" not in found.tags
    assert "url(" not in page
    assert "prefers-color-scheme: dark" in page


def test_questions_and_the_reason_for_accepting_them_are_told(evaluation: Evaluation) -> None:
    about = About(**{**vars(ABOUT), "findings": ["half are over 90"], "accepted": "a care home"})
    card = markdown(about, evaluation)
    assert "a care home\n\n- half are over 90" in card
    assert "raised no question" not in card


def test_texts_of_others_stay_texts(evaluation: Evaluation, images: dict[str, bytes]) -> None:
    about = About(
        **{
            **vars(ABOUT),
            "data": {"source": ATTACK},
            "findings": [ATTACK],
            "accepted": ATTACK,
        }
    )
    card = markdown(about, evaluation)
    assert re.findall(r"^## (.+)$", card, re.MULTILINE) == HEADINGS
    found = asked(html(card, images, title=ATTACK))
    assert "script" not in found.tags
    assert "a" not in found.tags
    assert found.tags.count("img") == len(images)


def test_a_picture_that_is_not_there_is_no_page(card: str) -> None:
    with pytest.raises(KeyError):
        html(card, {}, title="x")
