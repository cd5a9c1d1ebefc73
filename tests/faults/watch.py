"""The reader that never stops: every committed answer as it arrives, and when."""

import json
import threading
import time
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

from tests.integration.answers import origin

POLL_S: Final = 0.05


class Tally:
    """What a reader has seen of the output topics: each event's answers, and all bytes in order."""

    def __init__(self, dead_letters: str) -> None:
        self._dead_letters = dead_letters
        # By source partition and offset.
        self.answers: Counter[tuple[int, int]] = Counter()
        # By output topic and partition: how many records, and a checksum of them in their order.
        self.seen: dict[tuple[str, int], tuple[int, int]] = {}
        self.versions: Counter[str] = Counter()
        # By output topic and key, the last event that was answered; and answers to earlier ones.
        self._last: dict[tuple[str, bytes | None], tuple[int, int]] = {}
        self.out_of_order = 0

    def forget(self, topic: str) -> None:
        """All that was there is gone."""
        self.answers.clear()
        self._last.clear()
        self.seen = {place: found for place, found in self.seen.items() if place[0] != topic}

    def take(self, message: Message) -> tuple[int, int]:
        """Count a record; the event that it answers."""
        topic, partition = message.topic() or "", message.partition() or 0
        count, checksum = self.seen.get((topic, partition), (0, 0))
        content = b"%d %b" % (message.offset() or 0, message.value() or b"")
        self.seen[topic, partition] = count + 1, zlib.crc32(content, checksum)
        if topic == self._dead_letters:
            name = origin(message)
        else:
            answer = json.loads(message.value() or b"")
            name = answer["event"]
            self.versions[answer["model_version"]] += 1
        _, source_partition, offset = name.rsplit("/", 2)
        event = int(source_partition), int(offset)
        self.answers[event] += 1
        # All events of a key are in one partition.
        self.out_of_order += event < self._last.get((topic, message.key()), event)
        self._last[topic, message.key()] = event
        return event


class Watch:
    """Reads the output topics from `start` to `stop`, as consumers of the predictions do."""

    def __init__(self, servers: str, places: Sequence[TopicPartition], dead_letters: str) -> None:
        # From their beginning: for where a group is, a coordinator would be asked first.
        self._places = [TopicPartition(at.topic, at.partition, OFFSET_BEGINNING) for at in places]
        self._consumer = consumer(servers)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self.tally = Tally(dead_letters)
        # By output topic and partition, the offset after the last record.
        self.read_to: dict[tuple[str, int], int] = {}
        self.fault: BaseException | None = None
        self._anew: list[str] = []
        # By source partition, since the last `look`: when answers came, and how far they went.
        self._progress: dict[int, list[tuple[float, int]]] = {}

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End. Raises what went wrong."""
        self._stopping.set()
        self._thread.join()
        if self.fault:
            raise self.fault

    def end(self) -> None:
        """End, whatever went wrong."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def begin_anew(self, topic: str) -> None:
        """A topic of answers was deleted: read what comes in its place from its beginning."""
        self._anew.append(topic)

    @property
    def is_to_begin_anew(self) -> bool:
        """Whether it has not begun yet."""
        return bool(self._anew)

    def look(self) -> None:
        """Begin to note when answers come."""
        self._progress = {}

    def answered_after(self, mark: Mapping[int, int], since: float) -> float | None:
        """When, after that moment, each partition had an answer to an event at or behind its mark;
        None: not yet.
        """
        times = []
        for partition, first in mark.items():
            progress = self._progress.get(partition, [])
            found = [at for at, offset in progress if at >= since and offset >= first]
            if not found:
                return None
            times.append(found[0])
        return max(times, default=0.0)

    def _run(self) -> None:
        try:
            self._consumer.assign(self._places)
            while not self._stopping.is_set():
                while self._anew:
                    topic = self._anew[0]
                    places = [place for place in self._places if place.topic == topic]
                    self._consumer.incremental_unassign(places)
                    self.tally.forget(topic)
                    self._consumer.incremental_assign(places)
                    self._anew.remove(topic)
                now: dict[int, int] = {}
                for message in self._consumer.consume(1_000, POLL_S):
                    if message.error() is not None:  # the end for now, or a broker that is gone
                        continue
                    partition, offset = self.tally.take(message)
                    place = message.topic() or "", message.partition() or 0
                    self.read_to[place] = (message.offset() or 0) + 1
                    now[partition] = max(now.get(partition, -1), offset)
                at = time.monotonic()
                for partition, offset in now.items():
                    self._progress.setdefault(partition, []).append((at, offset))
            self._consumer.close()
        except BaseException as fault:
            self.fault = fault


def consumer(servers: str, isolation: str = "read_committed") -> Consumer:
    """A reader that belongs to no group, and is soon back when brokers are."""
    return Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": "nobody",
            "enable.auto.commit": False,
            # A topic that is made anew is read from its beginning.
            "auto.offset.reset": "earliest",
            "isolation.level": isolation,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 100,
            "reconnect.backoff.max.ms": 500,
            "topic.metadata.refresh.interval.ms": 2_000,
            "log_level": 0,
        }
    )
