"""What became of many enrollments, read by their ids."""

import time
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from services.aws.errors import AwsUnavailable, translated
from services.aws.items import attribute, from_item
from services.contracts.domain import Enrollment

if TYPE_CHECKING:
    from services.aws.connection import Aws

#: BatchGetItem's own limit on keys.
MOST_IDS = 100
_ROUNDS = 8
_FIRST_PAUSE_SECONDS = 0.05


class Outcomes:
    """The table of enrollments, a hundred at a time."""

    def __init__(self, aws: "Aws") -> None:
        self._dynamodb = aws.dynamodb
        self._table = aws.outputs.enrollments_table_name

    def of(self, enrollment_ids: Collection[str]) -> dict[str, Enrollment]:
        """Read enrollments.

        Parameters
        ----------
        enrollment_ids : collection of str
            At most `MOST_IDS`, each once.

        Returns
        -------
        dict of str to Enrollment
            By id; those that are not there are missing.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        keys = [{"enrollment_id": attribute(enrollment_id)} for enrollment_id in enrollment_ids]
        wanted: Any = {self._table: {"Keys": keys, "ConsistentRead": True}} if keys else {}
        found: dict[str, Enrollment] = {}
        for round_ in range(_ROUNDS):
            if not wanted:
                return found
            if round_:
                # DynamoDB leaves keys unread when it is asked for too much at once
                time.sleep(_FIRST_PAUSE_SECONDS * 2**round_)
            with translated(f"reading {len(keys)} enrollments"):
                answer = self._dynamodb.batch_get_item(RequestItems=wanted)
            for item in answer["Responses"].get(self._table, []):
                enrollment = from_item(Enrollment, item)
                found[enrollment.enrollment_id] = enrollment
            wanted = answer.get("UnprocessedKeys")
        if wanted:
            raise AwsUnavailable(f"{self._table} left keys unread {_ROUNDS} times")
        return found
