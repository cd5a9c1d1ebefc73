"""The benchmark's events: the same for all who read them, and as real ones are."""

from collections import Counter

from benchmarks.events import draw
from titanic_model.passenger import Passenger, parse


def test_a_seed_draws_the_same_events_and_another_one_others() -> None:
    assert list(draw(100, seed=1)) == list(draw(100, seed=1))
    assert list(draw(100, seed=1)) != list(draw(100, seed=2))


def test_every_event_is_valid_and_has_an_id_of_its_own_as_its_key() -> None:
    events = list(draw(2_000, seed=1))
    passengers = [parse(event.value) for event in events]
    assert all(isinstance(one, Passenger) for one in passengers)
    assert Counter(event.key for event in events).most_common(1)[0][1] == 1
    for one, event in zip(passengers, events, strict=True):
        assert isinstance(one, Passenger)
        assert (one.passenger_id or "").encode() == event.key
