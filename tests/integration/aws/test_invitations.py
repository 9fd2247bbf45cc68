"""Invitations in their table."""

from datetime import UTC, datetime, timedelta

import pytest

from services.aws.errors import AwsError
from services.aws.invitations import InvitationStore
from services.contracts.domain import Person
from services.contracts.invitations import invite

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ADA = Person(person_id="ada", full_name="Ada Lovelace", created_at=NOW)


def invited(aws, person=ADA, now=NOW):
    invitation, token = invite(person, "operator bo", now)
    InvitationStore(aws).add(invitation)
    return invitation, token


def test_an_invitation_comes_back_as_it_was_made_and_the_table_does_not_have_its_token(aws):
    invitation, token = invited(aws)
    assert InvitationStore(aws).get(invitation.invitation_id) == invitation
    assert token.secret not in str(aws.dynamodb.scan(TableName="invitations")["Items"])


def test_no_invitation_takes_the_place_of_another(aws):
    invitation, _ = invited(aws)
    with pytest.raises(AwsError):
        InvitationStore(aws).add(invitation)


def test_an_invitation_is_forgotten_a_month_after_it_has_ended(aws):
    invitation, _ = invited(aws)
    (item,) = aws.dynamodb.scan(TableName="invitations")["Items"]
    forgotten = datetime.fromtimestamp(int(item["expires_at"]["N"]), UTC)
    assert forgotten - invitation.valid_until == timedelta(days=30)


def test_a_person_s_invitations_are_listed_newest_first_and_in_pages(aws):
    made = [invited(aws, now=NOW + timedelta(days=days))[0] for days in (1, 3, 2)]
    invited(aws, ADA.model_copy(update={"person_id": "bob"}))
    store = InvitationStore(aws)
    first, position = store.of_person("ada", limit=2)
    rest, end = store.of_person("ada", position, limit=2)
    newest_first = sorted(made, key=lambda invitation: invitation.created_at, reverse=True)
    assert [*first, *rest] == newest_first
    assert end is None


def test_the_first_time_that_an_invitation_was_revoked_stands(aws):
    store, (invitation, _) = InvitationStore(aws), invited(aws)
    assert store.revoke(invitation.invitation_id, NOW)
    assert store.revoke(invitation.invitation_id, NOW + timedelta(days=1))
    assert store.get(invitation.invitation_id).revoked_at == NOW
    assert not store.revoke("nobody-s", NOW)


def test_of_two_photos_that_are_noted_at_once_one_is_noted_and_the_other_told_so(aws):
    store, (invitation, _) = InvitationStore(aws), invited(aws)
    noted = store.note_photo(invitation, "first")
    assert noted.photos == ("first",)
    assert store.get(invitation.invitation_id) == noted
    assert store.note_photo(invitation, "second") is None


def test_no_photo_is_noted_after_the_revocation(aws):
    store, (invitation, _) = InvitationStore(aws), invited(aws)
    store.revoke(invitation.invitation_id, NOW)
    assert store.note_photo(invitation, "late") is None
    assert store.get(invitation.invitation_id).photos == ()
