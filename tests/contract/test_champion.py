"""Which release is in service, wherever they are kept: promoted, raced for, rolled back."""

import json
import threading
from dataclasses import dataclass, field

import pytest

from tests.synthetic import make, put_into_service
from titanic_model.champion import OLD_CHAMPION
from titanic_model.manifest import MANIFEST, fingerprint
from titanic_model.releases import TABLE, Entry, NoRelease, ReleaseRefused, Releases, Superseded
from titanic_model.scorer import DOMAIN_SIZE

OLD, OLD_FILES = make([0.25] * DOMAIN_SIZE, {"extra": b"an extra file"})
NEW, NEW_FILES = make([0.75] * DOMAIN_SIZE)
THIRD, THIRD_FILES = make([0.5] * DOMAIN_SIZE)
FOURTH, FOURTH_FILES = make([0.1] * DOMAIN_SIZE)


def entry(**fields: int) -> bytes:
    """An entry of the log that none would write."""
    plain = {"release": OLD.id, "manifest_sha256": "0" * 64, "at": "2026-01-01T00:00:00Z"}
    return json.dumps({**plain, "how": "promoted", **fields}).encode()


@pytest.fixture
def store(location: str) -> Releases:
    """A store with OLD in service."""
    releases = Releases(location)
    releases.publish(OLD, OLD_FILES)
    releases.promote(OLD.id)
    return releases


@pytest.fixture
def full(store: Releases) -> Releases:
    """A store where OLD, NEW and THIRD went into service, in this order."""
    for release, files in ((OLD, OLD_FILES), (NEW, NEW_FILES), (THIRD, THIRD_FILES)):
        store.publish(release, files)
        store.promote(release.id)
    return store


def test_what_was_published_and_promoted_is_served(store: Releases) -> None:
    loaded, scorer = store.load_champion()
    assert loaded == OLD == store.verify(OLD.id)
    assert store.champion() == scorer.version == OLD.id
    assert {answer.probability for answer in scorer.answers} == {0.25}
    assert store.file(loaded, "extra") == b"an extra file"
    assert store.ids() == [OLD.id]


def test_an_empty_store_says_what_to_do(location: str) -> None:
    releases = Releases(location)
    assert releases.entry() is None
    assert releases.ids() == []
    with pytest.raises(NoRelease, match=r"with TITANIC_RELEASES") as none:
        releases.champion()
    assert ("run 'titanic train'" in str(none.value)) == releases.store.is_shared
    with pytest.raises(NoRelease, match="no release was ever in service"):
        releases.rollback()


def test_publishing_puts_nothing_into_service(store: Releases) -> None:
    assert store.publish(NEW, NEW_FILES)
    assert not store.publish(NEW, NEW_FILES)
    assert store.champion() == OLD.id


def test_a_store_of_the_first_format_asks_for_a_training_and_that_is_all_it_needs(
    location: str,
) -> None:
    releases = Releases(location)
    releases.store.write(OLD_CHAMPION, b'{"id":"0123456789ab"}')
    with pytest.raises(ReleaseRefused, match="made by an older version: run 'titanic train'"):
        releases.champion()
    releases.publish(OLD, OLD_FILES)
    releases.promote(OLD.id)
    assert releases.champion() == OLD.id


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"{}",
        b"null",
        b"\xff",
        b'{"number": 2, "release": "../x"}',
        b" " * 100_000,
        entry(number=4, before=4),
        entry(number=4, before=5),
        entry(number=4, before=-1),
        entry(number=1, before=0),
    ],
)
def test_a_damaged_entry_is_refused_and_a_promotion_or_a_roll_back_mends_that(
    full: Releases, content: bytes
) -> None:
    full.store.write("champion/00000004.json", content)
    with pytest.raises(ReleaseRefused, match=r"champion/00000004\.json"):
        full.champion()
    assert full.rollback().entry.release == THIRD.id
    full.store.write("champion/00000006.json", content)
    assert full.promote(NEW.id).number == 7
    assert full.champion() == NEW.id


def test_to_promote_the_champion_changes_nothing(store: Releases) -> None:
    assert store.promote(OLD.id) == store.entry()
    assert store.log.numbers() == [1]


def test_a_promotion_is_in_the_log_with_its_reason(store: Releases) -> None:
    store.publish(NEW, NEW_FILES)
    entry = store.promote(NEW.id, forced="the data of March is right")
    assert store.entry() == entry
    assert (entry.number, entry.how, entry.before) == (2, "promoted", 1)
    assert entry.forced == "the data of March is right"
    assert entry.manifest_sha256 == fingerprint(NEW.content())


def test_the_champion_promoted_again_keeps_its_way_back(full: Releases) -> None:
    assert full.promote(THIRD.id, forced="once more").before == 2
    full.store.write("champion/00000003.json", b"damaged")
    undone = full.rollback()
    assert (undone.entry.release, undone.passed_over) == (NEW.id, ())


def test_who_judged_by_a_champion_that_is_none_any_more_is_told(full: Releases) -> None:
    judged_by = full.entry()
    full.promote(OLD.id)
    for seen in (judged_by, None):
        with pytest.raises(Superseded, match=f"meanwhile {OLD.id} was"):
            full.promote(NEW.id, after=seen)
    assert full.champion() == OLD.id
    assert full.promote(NEW.id, after=full.entry()).release == NEW.id


@dataclass
class Race:
    """Promotions at once, all judged by the same champion."""

    store: Releases
    before: Entry | None
    won: list[Entry] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def run(self, *releases: str) -> None:
        together = threading.Barrier(len(releases))

        def promote(release: str) -> None:
            together.wait()
            try:
                self.won.append(self.store.promote(release, after=self.before, forced="a race"))
            except Superseded as error:
                self.told.append(str(error))

        threads = [threading.Thread(target=promote, args=(release,)) for release in releases]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def test_of_promoters_at_once_one_wins_and_the_others_are_told(full: Releases) -> None:
    full.publish(FOURTH, FOURTH_FILES)
    for number in range(4, 10):
        race = Race(full, full.entry())
        race.run(OLD.id, NEW.id, THIRD.id, FOURTH.id)
        (won,) = race.won
        assert len(race.told) == 3
        assert all("was not put into service" in told for told in race.told)
        assert full.entry() == won
        assert won.number == number


def test_who_promotes_what_another_one_did_at_the_same_time_has_what_was_asked_for(
    full: Releases,
) -> None:
    for number in range(4, 10, 2):
        race = Race(full, full.entry())
        race.run(*[NEW.id] * 4)
        assert race.told == []
        assert {won.number for won in race.won} == {number}
        assert full.promote(NEW.id, after=race.before) == full.entry()
        assert full.promote(OLD.id).number == number + 1


def test_what_is_in_service_by_another_manifest_is_not_what_was_judged(full: Releases) -> None:
    judged_by = full.entry()
    full.promote(NEW.id)
    later = NEW.model_copy(update={"metrics": {}})
    full.store.write(f"{NEW.id}/{MANIFEST}", later.content())
    with pytest.raises(Superseded, match=f"meanwhile {NEW.id} was"):
        full.promote(NEW.id, after=judged_by)


def test_a_roll_back_goes_to_the_release_before_and_again_to_the_one_before_that(
    full: Releases,
) -> None:
    first = full.rollback()
    assert (first.entry.release, first.entry.how) == (NEW.id, "rolled back")
    assert first.entry.before == 1, "the next one undoes the promotion of NEW"
    assert first.instead_of is not None
    assert first.instead_of.release == THIRD.id
    assert full.rollback().entry.release == OLD.id
    with pytest.raises(NoRelease, match="no earlier release to go back to"):
        full.rollback()
    assert full.champion() == OLD.id


def test_a_promotion_after_a_roll_back_can_be_undone_as_any(full: Releases) -> None:
    full.rollback()
    full.promote(THIRD.id)
    assert full.rollback().entry.release == NEW.id
    assert full.rollback().entry.release == OLD.id


def test_a_roll_back_passes_over_what_is_missing_or_refused_and_says_so(full: Releases) -> None:
    full.store.delete(f"{NEW.id}/{TABLE}")
    undone = full.rollback()
    assert undone.entry.release == OLD.id
    (reason,) = undone.passed_over
    assert f"release {NEW.id}: table.f64 is missing" in reason


def test_what_was_undone_is_not_on_the_way_back_past_a_damaged_one(full: Releases) -> None:
    full.rollback()
    full.publish(FOURTH, FOURTH_FILES)
    full.promote(FOURTH.id)
    full.store.delete(f"{NEW.id}/{TABLE}")
    assert full.rollback().entry.release == OLD.id, "THIRD was taken back"


def test_a_roll_back_never_goes_to_a_release_that_is_refused(full: Releases) -> None:
    full.store.delete(f"{NEW.id}/{MANIFEST}")
    full.store.write(f"{OLD.id}/{MANIFEST}", OLD.content() + b" ")
    with pytest.raises(NoRelease, match=f"{NEW.id}.*; .*{OLD.id}.*not the one that was put"):
        full.rollback()
    assert full.champion() == THIRD.id


def test_a_roll_back_never_goes_to_the_release_that_is_in_service(full: Releases) -> None:
    full.promote(NEW.id)
    full.store.delete(f"{THIRD.id}/{TABLE}")
    undone = full.rollback()
    assert undone.entry.release == OLD.id, "THIRD is damaged, before that was NEW, which is it"
    (reason,) = undone.passed_over
    assert THIRD.id in reason


def test_a_roll_back_is_from_a_champion_that_is_missing_too(full: Releases) -> None:
    put_into_service(full, OLD.id)
    full.store.delete(f"{OLD.id}/{MANIFEST}")
    assert full.rollback().entry.release == THIRD.id


def test_a_roll_back_reads_no_entries_that_are_not_there(full: Releases) -> None:
    full.store.write("champion/90000000.json", b"damaged")
    undone = full.rollback()
    assert (undone.entry.release, undone.passed_over) == (THIRD.id, ())


def test_names_that_are_no_entries_do_not_count(store: Releases) -> None:
    for name in ("00000009.json.bak", "9.json", "x", "a/00000009.json"):
        store.store.write(f"champion/{name}", b"x")
    assert store.champion() == OLD.id


def test_a_foreign_entry_of_the_last_number_is_told_and_nothing_is_written(full: Releases) -> None:
    full.store.write("champion/99999999.json", b"foreign")
    for act in (lambda: full.promote(NEW.id), full.rollback):
        with pytest.raises(ReleaseRefused, match=r"99999999\.json leaves no number .* delete it"):
            act()
    full.store.delete("champion/99999999.json")
    assert full.promote(NEW.id).release == full.champion() == NEW.id
