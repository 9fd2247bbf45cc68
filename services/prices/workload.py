"""From what a site does in a day to the calls that Facegate makes for it."""

from dataclasses import dataclass

from services.prices.usage import HOURS_A_MONTH, Usage

_DAYS_A_MONTH = HOURS_A_MONTH / 24

# A decision, as counted on the wire under load (bench/results/kiosks.json): a message there and one back,
# and what receiving and deleting them comes to; a transaction of two items, each with an entry in an index;
# kiosk, people and rules read together. A frame travels in its message, one request every 64 KiB.
_SQS_REQUESTS_A_DECISION = 3.0
_WRITE_UNITS_A_DECISION = 6.0
_READ_UNITS_A_DECISION = 4.0
# the decision with its entry is kept for 90 days, its record in the audit trail for a year
_BYTES_OF_A_DECISION, _DECISION_DAYS = 800, 90
_BYTES_OF_A_RECORD, _RECORD_DAYS = 1000, 365
_REPLY_BYTES = 2000

# A photo: the upload, the S3 event, one read, the upright picture put, the upload deleted; IndexFaces,
# SearchFaces and AssociateFaces; its record at its beginning, and enrollment, face and person in one
# transaction, with four entries in indexes.
_IMAGES_A_PHOTO = 3.0
_SQS_REQUESTS_A_PHOTO = 3.0
_WRITE_UNITS_A_PHOTO = 14.0
_READ_UNITS_A_PHOTO = 8.0
_S3_PUTS_A_PHOTO = 2.0
_S3_GETS_A_PHOTO = 1.0
# bucket keys make most of them unnecessary
_KMS_REQUESTS_A_PHOTO = 1.0
_PHOTO_BYTES = 300_000
_TABLE_BYTES_A_PHOTO = 2500
_TABLE_BYTES_A_PERSON = 1000

# the ingest Lambda: 256 MB for about 60 ms, and what it writes into its log; the other services' logs stay
# on their instances
_GB_SECONDS_A_RUN = 0.25 * 0.06
_LOG_BYTES_A_RUN = 1500

# A process polls SQS all day, whether there is work or not (bench/results/kiosks.json: idle_calls_a_day), and
# DynamoDB asks for a table's key at most every five minutes a caller.
_RECEIVES_A_PROCESS_A_DAY = 4320
_KEY_CALLS_A_TABLE_AND_PROCESS_A_DAY = 288
_TABLES = 16
# a pulse every 15 s, and where something was counted three sums, of more than one unit while much is
_PULSES_A_PROCESS_A_DAY = 5760
_WRITE_UNITS_A_PULSE = 3
# a kiosk's last contact is noted every half minute
_CONTACTS_A_KIOSK_A_DAY = 2880


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What a site does.

    Attributes
    ----------
    decisions_a_day : float
        Frames decided about, one of a visitor.
    photos_a_day : float
        Photos enrolled.
    lambda_runs_a_day : float, optional
        Uploads that S3 told the Lambda of; the photos, where it is not given.
    people, photos : float
        Enrolled altogether.
    photo_gb : float, optional
        What the photos take; 0.3 MB each, where it is not given.
    kiosks : float
        At doors, all day.
    processes : float
        Gateways and workers.
    frame_bytes : float
        A frame's size as posted.
    """

    decisions_a_day: float = 0
    photos_a_day: float = 0
    lambda_runs_a_day: float | None = None
    people: float = 0
    photos: float = 0
    photo_gb: float | None = None
    kiosks: float = 0
    processes: float = 0
    frame_bytes: float = 25_000


def usage_of(workload: Workload) -> Usage:
    """Return what a workload uses of AWS in a month of 730 hours, without machines."""
    decisions = workload.decisions_a_day * _DAYS_A_MONTH
    photos = workload.photos_a_day * _DAYS_A_MONTH
    uploads = workload.photos_a_day if workload.lambda_runs_a_day is None else workload.lambda_runs_a_day
    runs = uploads * _DAYS_A_MONTH
    frame_requests = max(1.0, workload.frame_bytes * 4 / 3 / 65_536)
    receives = workload.processes * _RECEIVES_A_PROCESS_A_DAY * _DAYS_A_MONTH
    return Usage(
        face_images=decisions + photos * _IMAGES_A_PHOTO,
        vectors=workload.people + workload.photos,
        sqs_requests=decisions * (_SQS_REQUESTS_A_DECISION + 2 * (frame_requests - 1))
        + photos * _SQS_REQUESTS_A_PHOTO
        + receives,
        dynamodb_write_units=decisions * _WRITE_UNITS_A_DECISION
        + photos * _WRITE_UNITS_A_PHOTO
        + workload.kiosks * _CONTACTS_A_KIOSK_A_DAY * _DAYS_A_MONTH
        + workload.processes * _PULSES_A_PROCESS_A_DAY * _WRITE_UNITS_A_PULSE * _DAYS_A_MONTH,
        dynamodb_read_units=decisions * _READ_UNITS_A_DECISION + photos * _READ_UNITS_A_PHOTO,
        table_gb=(
            workload.decisions_a_day
            * (_BYTES_OF_A_DECISION * _DECISION_DAYS + _BYTES_OF_A_RECORD * _RECORD_DAYS)
            + workload.photos * _TABLE_BYTES_A_PHOTO
            + workload.people * _TABLE_BYTES_A_PERSON
        )
        / 1e9,
        s3_puts=photos * _S3_PUTS_A_PHOTO,
        s3_gets=photos * _S3_GETS_A_PHOTO,
        photo_gb=workload.photos * _PHOTO_BYTES / 1e9 if workload.photo_gb is None else workload.photo_gb,
        kms_requests=photos * _KMS_REQUESTS_A_PHOTO
        + workload.processes * _TABLES * _KEY_CALLS_A_TABLE_AND_PROCESS_A_DAY * _DAYS_A_MONTH,
        lambda_runs=runs,
        lambda_gb_seconds=runs * _GB_SECONDS_A_RUN,
        gb_to_aws=decisions * 3 * workload.frame_bytes * 4 / 3 / 1e9,
        gb_out=decisions * _REPLY_BYTES / 1e9,
        log_gb=runs * _LOG_BYTES_A_RUN / 1e9,
        kept_log_gb=runs * _LOG_BYTES_A_RUN / 1e9,
    )
