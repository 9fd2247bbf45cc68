"""Batches of tiny files that begin as pictures do."""

import pytest

from services.batches.items import BatchItem, Refusal
from services.batches.source import open_source

JPEG = b"\xff\xd8\xff\xe0 a picture, to whoever looks at its first bytes alone"


def put(root, path, data=JPEG):
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return place


@pytest.fixture
def read():
    def read(path):
        """All of a batch: items by file, sentences by file."""
        with open_source(path) as source:
            everything = list(source)
            assert source.count() == len(everything)
        items = {item.file: item for item in everything if isinstance(item, BatchItem)}
        refusals = {item.file: item.sentence for item in everything if isinstance(item, Refusal)}
        assert len(items) + len(refusals) == len(everything)
        return items, refusals

    return read
