"""The table of invitations."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from services.aws.errors import translated
from services.aws.items import attribute, from_item, sortable, to_item
from services.aws.positions import following, start_at
from services.aws.updates import update_where
from services.contracts.invitations import Invitation

if TYPE_CHECKING:
    from services.aws.connection import Aws

_BY_PERSON = "by-person"
_PLACE = ("created_at", "invitation_id")


class InvitationStore:
    """Invitations by id; of each token its hash, never itself."""

    def __init__(self, aws: "Aws") -> None:
        self._dynamodb = aws.dynamodb
        self._table = aws.outputs.invitations_table_name

    def add(self, invitation: Invitation) -> None:
        """Write down an invitation that was made.

        Raises
        ------
        AwsError
            If the table cannot be written, or has another invitation with this id.
        """
        item = to_item(invitation) | {
            # text that DynamoDB sorts by
            "created_at": attribute(sortable(invitation.created_at)),
            "expires_at": attribute(int(invitation.expires_at.timestamp())),
        }
        with translated(f"writing invitation {invitation.invitation_id}"):
            self._dynamodb.put_item(
                TableName=self._table, Item=item, ConditionExpression="attribute_not_exists(invitation_id)"
            )

    def get(self, invitation_id: str) -> Invitation | None:
        """Look an invitation up, also one that has ended; None if there was none, or it is forgotten.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        with translated(f"reading invitation {invitation_id}"):
            answer = self._dynamodb.get_item(
                TableName=self._table, Key=_key(invitation_id), ConsistentRead=True
            )
        item = answer.get("Item")
        return from_item(Invitation, item) if item else None

    def of_person(
        self, person_id: str, position: str | None = None, limit: int = 50
    ) -> tuple[list[Invitation], str | None]:
        """List a person's invitations, the newest first, those included that have ended.

        Parameters
        ----------
        position : str, optional
            Where the list goes on.

        Returns
        -------
        list of Invitation
            At most `limit`.
        str or None
            The position of the rest; None if there is none.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        request: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": _BY_PERSON,
            "KeyConditionExpression": "person_id = :person",
            "ExpressionAttributeValues": {":person": attribute(person_id)},
            "ScanIndexForward": False,
            "Limit": limit,
        }
        request |= start_at(position, _PLACE, {"person_id": person_id})
        with translated(f"listing the invitations of person {person_id}"):
            answer = self._dynamodb.query(**request)
        return [from_item(Invitation, item) for item in answer["Items"]], following(answer, _PLACE)

    def revoke(self, invitation_id: str, now: datetime) -> bool:
        """End an invitation; the first time that it was ended stands.

        Returns
        -------
        bool
            Whether there is such an invitation.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        return self._update(
            invitation_id,
            condition="attribute_exists(invitation_id)",
            expression="SET revoked_at = if_not_exists(revoked_at, :now)",
            values={":now": attribute(sortable(now))},
        )

    def note_photo(self, invitation: Invitation, enrollment_id: str) -> Invitation | None:
        """Note that a photo is sent by an invitation that nobody changed since it was read.

        Returns
        -------
        Invitation or None
            As it stands now; None if another photo came first, or it was revoked.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        noted = invitation.model_copy(
            update={"photos": (*invitation.photos, enrollment_id), "version": invitation.version + 1}
        )
        written = self._update(
            invitation.invitation_id,
            condition="#version = :seen AND attribute_not_exists(revoked_at)",
            expression="SET #version = :version, photos = :photos",
            values={
                ":seen": attribute(invitation.version),
                ":version": attribute(noted.version),
                ":photos": attribute(list(noted.photos)),
            },
        )
        return noted if written else None

    def _update(self, invitation_id: str, *, condition: str, expression: str, values: dict[str, Any]) -> bool:
        with translated(f"changing invitation {invitation_id}"):
            return update_where(
                self._dynamodb,
                self._table,
                _key(invitation_id),
                condition=condition,
                expression=expression,
                values=values,
            )


def _key(invitation_id: str) -> dict[str, Any]:
    return {"invitation_id": attribute(invitation_id)}
