import socket
from itertools import islice

from cli import ports


def test_free_ports_differ_and_are_free() -> None:
    found = list(islice(ports.free(), 5))
    assert len(set(found)) == 5
    assert all(ports.is_free(port) and not ports.answers(port) for port in found)


def test_a_port_with_a_server_is_taken_and_answers() -> None:
    with socket.create_server((ports.HOST, 0)) as server:
        port = server.getsockname()[1]
        assert not ports.is_free(port)
        assert ports.answers(port)


def test_a_number_that_is_no_port_is_not_free() -> None:
    assert not ports.is_free(70_000)
