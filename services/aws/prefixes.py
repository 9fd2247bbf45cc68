"""Photos that somebody else put into S3, read where they lie."""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, cast

from botocore.exceptions import ClientError

from services.aws.errors import error_code, translated
from services.batches.items import BatchItem, PhotoFile, Refusal, UnreadableBatch
from services.batches.manifest import Manifest
from services.batches.photo import has_picture_name
from services.batches.tree import MANIFEST
from services.contracts.names import from_metadata, parse_full_name

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

    from services.aws.connection import Aws

#: What the stack keeps in its own bucket; what is put under the first is enrolled as it comes.
_OURS = ("index/", "photos/", "frames/", "posted-frames/", "denied-frames/", "batches/uploads/")
_LARGEST_MANIFEST = 50_000_000
#: A call tells the metadata of one object: as many calls at a time, and as many objects asked for ahead.
_HEADS_AT_ONCE, _HEADS_AHEAD = 16, 64
_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})


@dataclass(frozen=True)
class StoredPhoto(PhotoFile):
    """A photo in S3.

    Attributes
    ----------
    etag : str
        Changes with its content.
    """

    bucket: str
    key: str
    etag: str


class _Listing:
    """The photos of a prefix by their paths below it: one call tells of a thousand.

    A manifest names them in an order of its own, so all their names are in memory.
    """

    def __init__(self, photos: Iterator[StoredPhoto]) -> None:
        self._photos = {photo.path: photo for photo in photos}

    def find(self, path: str) -> PhotoFile | Refusal:
        """Find one photo by its path below the prefix."""
        if ".." in path.split("/"):
            return Refusal(path, "it leads out of the prefix; only objects below it are taken")
        return self._photos.get(path) or Refusal(path, "there is no such object")


class Prefix:
    """A batch below ``s3://bucket/prefix``: photos with ``FullName`` metadata, or with a ``manifest.csv``.

    Parameters
    ----------
    url : str
        ``s3://bucket/prefix``.

    Raises
    ------
    UnreadableBatch
        If the URL names no prefix, or one where the stack keeps its own.
    """

    def __init__(self, aws: "Aws", url: str) -> None:
        self._s3 = aws.s3
        self.bucket, _, prefix = url.removeprefix("s3://").partition("/")
        self.prefix = f"{prefix.rstrip('/')}/" if prefix.rstrip("/") else ""
        if not self.bucket:
            raise UnreadableBatch(f"{url} names no bucket; s3://bucket/prefix is expected")
        if self.bucket == aws.outputs.photo_bucket_name and (
            not self.prefix or self.prefix.startswith(_OURS)
        ):
            raise UnreadableBatch(
                f"{url} is where Facegate keeps its own photos and frames; name a prefix outside "
                f"{', '.join(_OURS)}"
            )

    def __iter__(self) -> Iterator[BatchItem | Refusal]:
        """Go through the photos.

        Raises
        ------
        UnreadableBatch
            If there is a manifest that cannot be read.
        AwsError
            If the bucket cannot be read.
        """
        return self.rest(0)

    def rest(self, position: int) -> Iterator[BatchItem | Refusal]:
        """Go through the photos without the first ones, which are not asked for.

        Raises
        ------
        UnreadableBatch, AwsError
            As going through all of them does.
        """
        manifest = self._manifest()
        if manifest is not None:
            yield from islice(Manifest(MANIFEST, manifest, _Listing(self._objects())), position, None)
            return
        paths = (photo.path for photo in islice(self._objects(), position, None))
        with ThreadPoolExecutor(_HEADS_AT_ONCE, "metadata") as pool:
            while some := list(islice(paths, _HEADS_AHEAD)):
                yield from pool.map(self._named, some)

    def count(self) -> int:
        """Count items and refusals, without looking at the photos.

        Raises
        ------
        UnreadableBatch, AwsError
            As going through them does.
        """
        if self._manifest() is not None:
            return sum(1 for _ in self)
        return sum(1 for _ in self._objects())

    def _objects(self) -> Iterator[StoredPhoto]:
        with translated(f"listing s3://{self.bucket}/{self.prefix}"):
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix)
            for page in pages:
                for stored in page.get("Contents", []):
                    key = stored.get("Key", "")
                    if not key.endswith("/"):
                        path = key.removeprefix(self.prefix)
                        yield self._photo(path, stored.get("Size", 0), stored.get("ETag", ""))

    def _named(self, path: str) -> BatchItem | Refusal:
        if not has_picture_name(path):
            return Refusal(path, "it is no picture by its name; JPEG, PNG, WebP and HEIC are taken")
        head = self._head(path)
        if head is None:
            return Refusal(path, "it was deleted meanwhile")
        described = {name: from_metadata(value) for name, value in head["Metadata"].items()}
        if not described.get("fullname"):
            return Refusal(
                path,
                "it has no FullName metadata; put it again with it, or put a manifest.csv beside the photos",
            )
        try:
            name = parse_full_name(described["fullname"])
        except ValueError as error:
            return Refusal(path, f"its FullName is wrong: {error}")
        groups = tuple(word.strip() for word in described.get("groups", "").split(",") if word.strip())
        photo = self._photo(path, head["ContentLength"], head["ETag"])
        return BatchItem(photo, name, groups, described.get("external-id"))

    def _photo(self, path: str, size: int, etag: str) -> StoredPhoto:
        key = f"{self.prefix}{path}"
        return StoredPhoto(
            path=path, size=size, open=lambda: self._open(key), bucket=self.bucket, key=key, etag=etag
        )

    def _head(self, path: str) -> "HeadObjectOutputTypeDef | None":
        with translated(f"reading the metadata of s3://{self.bucket}/{self.prefix}{path}"):
            try:
                return self._s3.head_object(Bucket=self.bucket, Key=f"{self.prefix}{path}")
            except ClientError as error:
                if error_code(error) in _MISSING:
                    return None
                raise

    def _manifest(self) -> BinaryIO | None:
        head = self._head(MANIFEST)
        if head is None:
            return None
        if head["ContentLength"] > _LARGEST_MANIFEST:
            raise UnreadableBatch(f"{MANIFEST} has more than {_LARGEST_MANIFEST / 1e6:.0f} MB; divide it")
        with translated(f"reading {MANIFEST}"), self._open(f"{self.prefix}{MANIFEST}") as opened:
            return io.BytesIO(opened.read())

    def _open(self, key: str) -> BinaryIO:
        with translated(f"reading s3://{self.bucket}/{key}"):
            return cast("BinaryIO", self._s3.get_object(Bucket=self.bucket, Key=key)["Body"])
