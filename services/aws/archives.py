"""ZIP archives of photos in S3: taken in, read where they lie, and removed when they are read."""

import io
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

from botocore.exceptions import ClientError

from services.aws.errors import error_code, translated
from services.aws.forms import Forms, UploadForm
from services.aws.photos import PhotoStore
from services.batches.items import UnreadableBatch

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from mypy_boto3_s3.client import S3Client

    from services.aws.connection import Aws

#: Below it lies what batches are read from; what is below the second was sent to us, and is ours to remove.
BATCH_PREFIX = "batches/"
UPLOADED_PREFIX = "batches/uploads/"
CONTENT_TYPE = "application/zip"
#: S3 is read in pieces of this size: members of an archive mostly follow each other.
_PIECE_BYTES = 1_000_000
#: zipfile reads an archive's list of members at once; a photo has 30 MB at most.
_MOST_AT_ONCE = 32_000_000
_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})


@dataclass(frozen=True)
class OpenedArchive:
    """An archive that can be read.

    Attributes
    ----------
    size : int
        Bytes.
    """

    name: str
    opened: BinaryIO
    size: int


class ArchiveStore:
    """Archives by their ``s3://`` URLs."""

    def __init__(self, aws: "Aws") -> None:
        self._s3 = aws.s3
        self.bucket = aws.outputs.photo_bucket_name
        self._forms = Forms(aws)
        self._photos = PhotoStore(aws)

    def url_of_upload(self, upload_id: str, name: str) -> str:
        """Tell where an archive goes that is sent to us."""
        return f"s3://{self.bucket}/{UPLOADED_PREFIX}{upload_id}/{name}"

    def put(self, url: str, data: bytes) -> None:
        """Put an archive that was sent to us.

        Raises
        ------
        AwsError
            If the bucket does not take it.
        """
        bucket, key = place_of(url)
        with translated(f"storing {url}"):
            self._s3.put_object(Bucket=bucket, Key=key, Body=data, ContentType=CONTENT_TYPE)

    def form(self, url: str, max_bytes: int, seconds: int) -> UploadForm:
        """Sign a form by which somebody else puts an archive.

        Raises
        ------
        AwsError
            If there are no credentials to sign with.
        """
        return self._forms.sign(place_of(url)[1], {"Content-Type": CONTENT_TYPE}, max_bytes, seconds)

    @contextmanager
    def opened(self, url: str) -> Generator[OpenedArchive]:
        """Open an archive, which is read piece by piece as it is gone through.

        Raises
        ------
        UnreadableBatch
            If there is none.
        AwsError
            If the bucket cannot be read.
        """
        bucket, key = place_of(url)
        with translated(f"opening {url}"):
            try:
                head = self._s3.head_object(Bucket=bucket, Key=key)
            except ClientError as error:
                if error_code(error) in _MISSING:
                    raise UnreadableBatch(f"{url} is not there; upload it first") from error
                raise
        stored = _StoredFile(self._s3, url, head["ContentLength"], head["ETag"])
        with closing(_Pieces(stored)) as pieces:
            yield OpenedArchive(key.rpartition("/")[2], cast("BinaryIO", pieces), head["ContentLength"])

    def discard(self, url: str) -> None:
        """Delete an archive that was sent to us, for good; what lies elsewhere is not ours and stays.

        Raises
        ------
        AwsError
            If the bucket refuses.
        """
        bucket, key = place_of(url)
        if bucket == self.bucket and key.startswith(UPLOADED_PREFIX):
            self._photos.discard_versions(key)


def place_of(url: str) -> tuple[str, str]:
    """Divide an ``s3://`` URL into bucket and key."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return bucket, key


class _StoredFile(io.RawIOBase):
    """An object in S3 as a file that can be read anywhere."""

    def __init__(self, s3: "S3Client", url: str, size: int, etag: str) -> None:
        self._s3 = s3
        self._url = url
        self.size = size
        self._etag = etag
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError("before the beginning of the file")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        end = min(self._position + len(view), self.size)
        if end <= self._position:
            return 0
        bucket, key = place_of(self._url)
        with translated(f"reading {self._url}"):
            answer = self._s3.get_object(
                Bucket=bucket, Key=key, Range=f"bytes={self._position}-{end - 1}", IfMatch=self._etag
            )
            data = answer["Body"].read()
        view[: len(data)] = data
        self._position += len(data)
        return len(data)


class _Pieces(io.BufferedReader):
    """Reads whole pieces, and never more at once than an archive of photos makes one read."""

    def __init__(self, stored: _StoredFile) -> None:
        super().__init__(stored, _PIECE_BYTES)
        self._size = stored.size

    def read(self, size: int | None = -1, /) -> bytes:
        rest = max(0, self._size - self.tell())
        wanted = rest if size is None or size < 0 else min(size, rest)
        if wanted > _MOST_AT_ONCE:
            raise OSError(f"more than {_MOST_AT_ONCE / 1e6:.0f} MB of it would be read at once; divide it")
        return super().read(wanted)
