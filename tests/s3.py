"""A real S3 server: moto's, in a process of its own, on 127.0.0.1. Run as a script it is that."""

import http.client
import json
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

REGION: Final = "eu-central-1"
STOPPED_WITHIN_S: Final = 10.0


@contextmanager
def server() -> Iterator[tuple[str, int]]:
    """The server's host and port; it ends with this context, or with this process."""
    process = subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        host, port = json.loads(process.stdout.readline())
        yield host, port
    finally:
        process.stdin.close()
        process.wait(STOPPED_WITHIN_S)
        process.stdout.close()


def environment(host: str, port: int) -> Mapping[str, str]:
    """The variables that lead there."""
    return {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
    }


def bucket(host: str, port: int) -> str:
    """Make a bucket; its name."""
    name = f"titanic-{uuid.uuid4().hex[:8]}"
    place = f"<LocationConstraint>{REGION}</LocationConstraint>"
    body = f"<CreateBucketConfiguration>{place}</CreateBucketConfiguration>"
    connection = http.client.HTTPConnection(host, port, timeout=10)
    connection.request("PUT", f"/{name}", body)
    assert connection.getresponse().status == 200
    connection.close()
    return name


def main() -> None:
    """Serve until standard input ends; the first line says where."""
    from moto.server import ThreadedMotoServer

    served = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    served.start()
    print(json.dumps(served.get_host_and_port()), flush=True)  # noqa: T201
    sys.stdin.read()
    served.stop()


if __name__ == "__main__":
    main()
