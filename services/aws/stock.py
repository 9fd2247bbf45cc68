"""What is kept of people: photos in the bucket, faces and users in the collection, counted once a day."""

from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event, Thread
from types import TracebackType
from typing import TYPE_CHECKING, Self

import structlog

from services.aws.errors import AwsError, translated
from services.aws.pulses import PulseStore
from services.contracts.ids import KEPT_PREFIX
from services.contracts.operations import Stock

if TYPE_CHECKING:
    from datetime import date

    from services.aws.connection import Aws

_log = structlog.stdlib.get_logger(__name__)

#: Every enroll worker looks so often whether a day's stock is to be taken; one of them takes it.
_INTERVAL_SECONDS = 3600.0


class StockTaking:
    """Counts what is kept, once a day of UTC, in a thread of its own."""

    def __init__(self, aws: "Aws", now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._aws = aws
        self._figures = PulseStore(aws)
        self._now = now
        self._ended = Event()

    def __enter__(self) -> Self:
        Thread(target=self._run, name="stock-taking", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()

    def take(self) -> None:
        """Count what is kept, unless that was done today.

        Raises
        ------
        AwsError
            If something cannot be counted; nobody does it again today.
        """
        today = self._now().astimezone(UTC).date()
        if self._figures.claim_stock_taking(today):
            self._figures.write_stock(self._count(today))

    def _count(self, day: "date") -> Stock:
        photos = photo_bytes = 0
        with translated("counting photos"):
            pages = self._aws.s3.get_paginator("list_objects_v2").paginate(
                Bucket=self._aws.outputs.photo_bucket_name, Prefix=KEPT_PREFIX
            )
            for page in pages:
                sizes = [found.get("Size", 0) for found in page.get("Contents", [])]
                photos, photo_bytes = photos + len(sizes), photo_bytes + sum(sizes)
        with translated("counting faces"):
            collection = self._aws.rekognition.describe_collection(
                CollectionId=self._aws.outputs.collection_id
            )
        return Stock(
            day=day,
            photos=photos,
            photo_bytes=photo_bytes,
            faces=collection.get("FaceCount", 0),
            users=collection.get("UserCount", 0),
        )

    def _run(self) -> None:
        while True:
            try:
                self.take()
            except AwsError as error:
                _log.warning("stock_not_taken", error=str(error))
            if self._ended.wait(_INTERVAL_SECONDS):
                return
