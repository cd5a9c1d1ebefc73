"""The events that all contestants read: the real passengers, drawn by a seed, made once."""

import random
from collections.abc import Iterator
from dataclasses import replace

from confluent_kafka import Producer

from cli import kafka
from cli.events import Event, of_real
from training.dataset import passengers


class NotSent(Exception):
    """Kafka did not take all events; the message says how many and why."""


def draw(count: int, seed: int) -> Iterator[Event]:
    """So many events, each with an id of its own; the same seed gives the same ones."""
    chance = random.Random(seed)  # noqa: S311 - for the same draw each time
    real = list(passengers())
    for number in range(count):
        one = chance.choice(real)
        yield of_real(replace(one, passenger_id=f"{one.passenger_id}~{number}"))


def send(events: Iterator[Event], servers: str, topic: str) -> Iterator[int]:
    """Send them all, and tell how many after each. Raises `NotSent`, `KafkaException`."""
    deliveries = kafka.Deliveries()
    producer = kafka.producer(
        servers, on_delivery=deliveries, **{"queue.buffering.max.messages": "100000"}
    )
    sent = 0
    for event in events:
        queue(producer, topic, event)
        sent += 1
        yield sent
    kafka.flush(producer)
    if lost := sent - deliveries.count:
        why = deliveries.failure or "Kafka did not answer in time"
        raise NotSent(f"{lost:,} of {sent:,} events were not delivered: {why}")


def queue(producer: Producer, topic: str, event: Event) -> None:
    """Hand an event to a producer, waiting where its own queue is full."""
    while True:
        try:
            producer.produce(topic, event.value, event.key)
            producer.poll(0)
        except BufferError:
            producer.poll(0.1)
        else:
            return
