"""The limit: bytes from one topic to another by the same client, with nothing in between.

It neither parses nor commits, and hears of no delivery: what it does for an event is the least
that any worker in Python has to do. It reads the settings that the worker reads, so that both are
told alike what to read, what to write and where.
"""

import signal
from typing import Any, Final

from confluent_kafka import Consumer, Message, Producer

from stream.clients import build
from titanic_model.settings import kafka_settings, settings

BATCH: Final = 10_000
POLL_S: Final = 0.1
QUEUE_PAUSE_S: Final = 0.05

CONSUMER: Final = {
    "auto.offset.reset": "earliest",
    "enable.auto.commit": "false",
    "fetch.queue.backoff.ms": "10",
}
PRODUCER: Final[dict[str, Any]] = {
    "partitioner": "murmur2_random",
    "linger.ms": "100",
    "queue.buffering.max.messages": "1000000",
    "compression.type": "lz4",
    "delivery.report.only.error": True,
}


def main() -> None:
    """Pass on what comes until SIGTERM or Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    consumer = build(Consumer, {**CONSUMER, **kafka_settings()})
    producer = build(Producer, {**PRODUCER, **kafka_settings()})
    consumer.subscribe([settings().passengers_topic])
    try:
        while True:
            for message in consumer.consume(BATCH, POLL_S):
                _pass_on(producer, message)
            producer.poll(0)
    except KeyboardInterrupt:
        producer.flush()
    finally:
        consumer.close()


def _pass_on(producer: Producer, message: Message) -> None:
    while True:
        try:
            return producer.produce(settings().predictions_topic, message.value(), message.key())
        except BufferError:
            producer.poll(QUEUE_PAUSE_S)


if __name__ == "__main__":
    main()
