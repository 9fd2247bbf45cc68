"""Kept photos and archives in memory."""

from collections.abc import Iterator

from services.aws.photos import PhotoMissing
from services.contracts.domain import Person


class InMemoryKeptPhotos:
    def __init__(self) -> None:
        self.photos: dict[str, bytes] = {}

    def kept(self, key: str) -> bytes:
        if key not in self.photos:
            raise PhotoMissing(f"{key} is not there")
        return self.photos[key]


class InMemoryPersonExports:
    def archive(self, person: Person) -> Iterator[bytes]:
        yield b"everything about "
        yield person.full_name.encode()
