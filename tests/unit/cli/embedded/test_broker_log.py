from pathlib import Path

from cli.embedded.broker_log import last_words

TAKEN = """\
2026-01-01 10:00:00.000 [main] WARN kafka.Some - nothing to see here
2026-01-01 10:00:01.000 [main] ERROR kafka.server.BrokerServer - [BrokerServer id=1] Fatal error
org.apache.kafka.common.KafkaException: Socket server failed to bind to 127.0.0.1:9092
	at kafka.network.Acceptor.openServerSocket(SocketServer.scala:711)
Caused by: java.net.BindException: Address already in use
	at java.base/sun.nio.ch.Net.bind0(Native Method)
	... 12 more
2026-01-01 10:00:02.000 [main] WARN kafka.Some - closing
"""


def test_the_cause_of_the_last_error_is_told(tmp_path: Path) -> None:
    log = tmp_path / "broker.log"
    log.write_text(TAKEN)
    assert last_words(log) == "java.net.BindException: Address already in use"


def test_an_error_without_an_exception_is_told_as_it_is(tmp_path: Path) -> None:
    log = tmp_path / "broker.log"
    log.write_text("2026-01-01 10:00:01.000 [a b] ERROR kafka.X - No room - none\n")
    assert last_words(log) == "No room - none"


def test_without_an_error_the_last_line_is_told(tmp_path: Path) -> None:
    log = tmp_path / "broker.log"
    log.write_text("Error: Could not find or load main class kafka.Kafka\n\n")
    assert last_words(log) == "Error: Could not find or load main class kafka.Kafka"


def test_of_a_long_log_the_end_is_read(tmp_path: Path) -> None:
    log = tmp_path / "broker.log"
    log.write_text("2026-01-01 10:00:01.000 [a] ERROR kafka.X - early\n" * 10_000 + TAKEN)
    assert last_words(log) == "java.net.BindException: Address already in use"


def test_no_log_has_no_words(tmp_path: Path) -> None:
    assert last_words(tmp_path / "absent") == "its log is empty"
