"""Kafka's own examples: `UtilsTest.testMurmur2` of its Java clients."""

import pytest

from cli.reconcile.partitioner import murmur2, partition_of


@pytest.mark.parametrize(
    ("key", "signed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_a_key_has_the_hash_that_java_gives_it(key: bytes, signed: int) -> None:
    assert murmur2(key) == signed % 2**32
    assert partition_of(key, 3) == (signed & 0x7FFFFFFF) % 3
