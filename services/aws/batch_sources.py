"""Batches that lie in S3: a ZIP archive, or a prefix that somebody filled."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from services.aws.archives import ArchiveStore
from services.aws.prefixes import Prefix
from services.batches.source import Source, archive_source

if TYPE_CHECKING:
    from services.aws.connection import Aws


class BatchSources:
    """Batches by their ``s3://`` URLs."""

    def __init__(self, aws: "Aws") -> None:
        self._aws = aws
        self._archives = ArchiveStore(aws)

    @contextmanager
    def opened(self, url: str) -> Generator[Source | Prefix]:
        """Open a batch; what ends in ``.zip`` is an archive.

        Raises
        ------
        UnreadableBatch
            If it is none, or cannot be read as a whole.
        AwsError
            If the bucket cannot be read.
        """
        if not url.lower().endswith(".zip"):
            yield Prefix(self._aws, url)
            return
        with self._archives.opened(url) as archive:
            yield archive_source(archive.name, archive.opened, archive.size)

    def discard(self, url: str) -> None:
        """Delete an archive that was sent to us; whatever else it is stays.

        Raises
        ------
        AwsError
            If the bucket refuses.
        """
        self._archives.discard(url)
