"""People are invited by a link to agree and to send photos of themselves, and see what became of these."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from services.contracts.domain import Consent, EnrollmentStatus, Person, PersonStatus, Resemblance
from services.contracts.reasons import RejectionReason
from services.contracts.tokens import InvitationToken
from tests.unit.gateway.conftest import Gateway

pytestmark = pytest.mark.access

NOW = datetime(2026, 1, 2, tzinfo=UTC)
INVITATIONS = "/v1/people/ada/invitations"
PHOTOS = "/v1/invitation/photos"
AGREED = {"text_version": "en-1"}


@pytest.fixture
def house(gateway: Gateway) -> Gateway:
    gateway.people.create(Person(person_id="ada", full_name="Ada Lovelace", created_at=NOW))
    return gateway


def invite(gateway: Gateway, **wishes: int) -> dict:
    answer = gateway.client.post(INVITATIONS, json=wishes, headers=gateway.as_program())
    assert answer.status_code == 201, answer.get_json()
    return answer.get_json()


class Invited:
    """Whoever has a link."""

    def __init__(self, gateway: Gateway, **wishes: int) -> None:
        self.gateway = gateway
        self.made = invite(gateway, **wishes)
        self.headers = {"Authorization": f"Bearer {self.made['token']}"}

    def shown(self) -> dict:
        return self.gateway.client.get("/v1/invitation", headers=self.headers).get_json()

    def agree(self, text_version: str = "en-1"):
        body = {"text_version": text_version}
        return self.gateway.client.put("/v1/invitation/consent", json=body, headers=self.headers)

    def withdraw(self):
        return self.gateway.client.delete("/v1/invitation/consent", headers=self.headers)

    def send(self, photo: bytes = b"a photo", content_type: str = "image/jpeg"):
        headers = {**self.headers, "Content-Type": content_type}
        return self.gateway.client.post(PHOTOS, data=photo, headers=headers)

    def remove(self, photo_id: str):
        return self.gateway.client.delete(f"{PHOTOS}/{photo_id}", headers=self.headers)

    def becomes(self, photo_id: str, status: EnrollmentStatus, **fields) -> None:
        """What the worker makes of a photo."""
        enrollments = self.gateway.enrollments.enrollments
        enrollments[photo_id] = enrollments[photo_id].model_copy(update={"status": status, **fields})


@pytest.fixture
def ada(house: Gateway) -> Invited:
    ada = Invited(house)
    assert ada.agree().status_code == 200
    return ada


def problem(answer) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["type"].removeprefix("/problems/")


def test_an_invitation_is_made_with_a_link_that_no_list_shows_again(house: Gateway):
    made = invite(house)
    assert made["link"] == f"http://localhost/join#{made['token']}"
    valid_for = datetime.fromisoformat(made["valid_until"]) - datetime.fromisoformat(made["created_at"])
    assert (valid_for, made["most_photos"], made["status"]) == (timedelta(days=7), 5, "open")
    assert made["created_by"] == f"token {house.program.token_id}"
    listed = house.client.get(INVITATIONS, headers=house.as_program()).get_json()
    assert [one["invitation_id"] for one in listed["invitations"]] == [made["invitation_id"]]
    assert made["token"] not in json.dumps(listed)
    record = house.invitations.invitations[made["invitation_id"]]
    assert made["token"] not in record.model_dump_json()


def test_an_invitation_is_found_where_it_says(house: Gateway):
    answer = house.client.post(INVITATIONS, json={}, headers=house.as_program())
    shown = house.client.get(answer.headers["Location"], headers=house.as_program()).get_json()
    assert shown.items() <= answer.get_json().items()


def test_invitations_are_listed_in_pages(house: Gateway):
    made = {invite(house)["invitation_id"] for _ in range(3)}
    first = house.client.get(f"{INVITATIONS}?limit=2", headers=house.as_program()).get_json()
    query = f"{INVITATIONS}?limit=2&cursor={first['next_cursor']}"
    rest = house.client.get(query, headers=house.as_program()).get_json()
    assert {one["invitation_id"] for page in (first, rest) for one in page["invitations"]} == made
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    "wishes", [{"valid_hours": 0}, {"valid_hours": 2161}, {"most_photos": 0}, {"most_photos": 21}]
)
def test_an_invitation_without_bounds_is_not_made(house: Gateway, wishes: dict[str, int]):
    answer = house.client.post(INVITATIONS, json=wishes, headers=house.as_program())
    assert problem(answer) == (422, "invalid-fields")


def test_nobody_is_invited_who_is_not_there_or_about_to_go(house: Gateway):
    nobody = house.client.post("/v1/people/nobody/invitations", json={}, headers=house.as_program())
    assert problem(nobody) == (404, "unknown-person")
    house.client.delete("/v1/people/ada", headers=house.as_program())
    answer = house.client.post(INVITATIONS, json={}, headers=house.as_program())
    assert problem(answer) == (409, "person-deleting")


def test_an_invitation_of_somebody_else_is_neither_shown_nor_revoked(house: Gateway):
    house.people.create(Person(person_id="bob", full_name="Bob", created_at=NOW))
    place = f"/v1/people/bob/invitations/{invite(house)['invitation_id']}"
    for ask in (house.client.get, house.client.delete):
        assert problem(ask(place, headers=house.as_program())) == (404, "unknown-invitation")


def test_a_revoked_invitation_lets_nobody_in_and_is_listed_as_such(house: Gateway, ada: Invited):
    place = f"{INVITATIONS}/{ada.made['invitation_id']}"
    for _ in range(2):
        assert house.client.delete(place, headers=house.as_program()).status_code == 204
    assert problem(ada.send()) == (403, "invitation-revoked")
    assert house.client.get(place, headers=house.as_program()).get_json()["status"] == "revoked"


def test_the_invited_see_who_is_meant_and_what_they_are_asked(house: Gateway):
    shown = Invited(house, most_photos=3).shown()
    assert (shown["full_name"], shown["consent"]) == ("Ada Lovelace", None)
    assert (shown["photos_left"], shown["photos"]) == (3, [])
    assert shown["consent_texts"] == {"en": "en-1", "de": "de-1"}


def test_before_somebody_agreed_no_photo_is_taken(house: Gateway):
    ada = Invited(house)
    assert problem(ada.send()) == (409, "consent-needed")
    assert house.uploads.stored == {}
    assert house.invitations.invitations[ada.made["invitation_id"]].photos == ()


def test_what_was_agreed_to_stands_with_the_person_and_names_the_invitation(house: Gateway, ada: Invited):
    consent = house.people.people["ada"].consent
    assert consent is not None
    assert (consent.text_version, consent.withdrawn) == ("en-1", False)
    assert consent.recorded_by == f"invitation {ada.made['invitation_id']}"
    assert ada.shown()["consent"]["text_version"] == "en-1"


def test_nobody_agrees_to_a_text_that_is_not_shown(house: Gateway):
    ada = Invited(house)
    assert problem(ada.agree("en-0")) == (409, "consent-text-changed")
    assert house.people.people["ada"].consent is None


def test_who_withdraws_sends_no_more_photos_until_they_agree_again(house: Gateway, ada: Invited):
    ada.send()
    assert ada.withdraw().get_json()["consent"]["withdrawn_at"] is not None
    assert not house.people.people["ada"].may_be_recognised
    assert problem(ada.send(b"another")) == (409, "consent-needed")
    ada.agree()
    assert ada.send(b"another").status_code == 202


def test_consent_that_an_operator_recorded_before_suffices(house: Gateway):
    given = Consent(given_at=NOW, text_version="on paper", recorded_by="operator bo")
    house.people.people["ada"] = house.people.people["ada"].model_copy(update={"consent": given})
    assert Invited(house).send().status_code == 202


def test_a_photo_goes_the_way_of_all_photos(house: Gateway, ada: Invited):
    sent = ada.send(b"a photo")
    assert (sent.status_code, sent.get_json()["status"]) == (202, "received")
    enrollment = house.enrollments.enrollments[sent.get_json()["photo_id"]]
    assert (enrollment.person_id, enrollment.full_name) == ("ada", "Ada Lovelace")
    assert house.uploads.stored[enrollment.key] == b"a photo"
    assert [photo["photo_id"] for photo in ada.shown()["photos"]] == [enrollment.enrollment_id]


def test_the_same_photo_sent_again_is_one_photo(ada: Invited):
    photo_id = ada.send().get_json()["photo_id"]
    assert ada.send().get_json()["photo_id"] == photo_id
    ada.becomes(photo_id, EnrollmentStatus.INDEXED)
    again = ada.send()
    assert (again.status_code, again.get_json()["status"]) == (200, "indexed")
    assert ada.shown()["photos_left"] == 4


def test_a_photo_that_an_operator_sent_is_not_given_to_the_invitation(house: Gateway, ada: Invited):
    headers = house.as_program(**{"Content-Type": "image/jpeg"})
    theirs = house.client.post("/v1/people/ada/photos", data=b"theirs", headers=headers).get_json()
    photo_id = theirs["enrollment_id"]
    assert problem(ada.send(b"theirs")) == (409, "photo-known")
    assert problem(ada.remove(photo_id)) == (404, "unknown-enrollment")
    assert ada.shown()["photos"] == []


def test_a_rejected_photo_says_why_and_does_not_count(ada: Invited):
    photo_id = ada.send().get_json()["photo_id"]
    ada.becomes(photo_id, EnrollmentStatus.REJECTED, rejection=RejectionReason.BLURRED)
    (photo,) = ada.shown()["photos"]
    assert (photo["status"], photo["reason"]) == ("rejected", "blurred")
    assert photo["message"] == RejectionReason.BLURRED.sentence
    assert ada.shown()["photos_left"] == 5


def test_whom_a_held_photo_resembles_is_not_told(ada: Invited):
    photo_id = ada.send().get_json()["photo_id"]
    twin = Resemblance(person_id="eve", full_name="Eve Twin", similarity=99.5)
    ada.becomes(photo_id, EnrollmentStatus.HELD, held_for=twin, detail="It resembles Eve Twin at 99.5 %.")
    shown = ada.shown()
    assert shown["photos"][0]["status"] == "held"
    assert "Twin" not in json.dumps(shown)
    assert "resembles" not in json.dumps(shown)


def test_an_invitation_is_used_up_by_the_photos_that_count_and_good_again_when_one_is_removed(house: Gateway):
    ada = Invited(house, most_photos=2)
    ada.agree()
    first, _second = (ada.send(photo).get_json()["photo_id"] for photo in (b"1", b"2"))
    assert problem(ada.send(b"3")) == (409, "invitation-used-up")
    ada.becomes(first, EnrollmentStatus.INDEXED)
    assert ada.remove(first).status_code == 202
    ada.becomes(first, EnrollmentStatus.REMOVED, person_id=None)
    assert ada.send(b"3").status_code == 202
    # the one that was removed may be sent again, but not above what is allowed
    assert problem(ada.send(b"1")) == (409, "invitation-used-up")


def test_nobody_tries_for_ever(house: Gateway):
    ada = Invited(house, most_photos=1)
    ada.agree()
    for number in range(4):
        photo_id = ada.send(bytes([number])).get_json()["photo_id"]
        ada.becomes(photo_id, EnrollmentStatus.REJECTED, rejection=RejectionReason.NO_FACE)
    assert problem(ada.send(b"once more")) == (409, "invitation-used-up")


def test_of_photos_that_are_sent_at_once_none_is_one_too_many(house: Gateway):
    ada = Invited(house, most_photos=1)
    ada.agree()

    def another_comes_first() -> None:
        house.invitations.interfere = lambda: None
        assert ada.send(b"the other").status_code == 202

    house.invitations.interfere = another_comes_first
    assert problem(ada.send(b"this one")) == (409, "invitation-used-up")
    assert len(house.uploads.stored) == 1


def test_a_photo_on_its_way_is_removed_when_it_has_arrived(ada: Invited):
    photo_id = ada.send().get_json()["photo_id"]
    assert problem(ada.remove(photo_id)) == (409, "photo-on-its-way")


@pytest.mark.parametrize(
    ("photo", "content_type", "refused"),
    [
        (b"", "image/jpeg", (400, "no-photo")),
        (b"x", "application/pdf", (415, "unsupported-photo-type")),
        (b"x" * 50_001, "image/jpeg", (413, "photo-too-large")),
    ],
)
def test_what_is_no_photo_is_refused(house: Gateway, ada: Invited, photo: bytes, content_type: str, refused):
    assert problem(ada.send(photo, content_type)) == refused
    assert house.uploads.stored == {}


def test_one_who_was_deleted_and_came_back_was_not_invited(house: Gateway, ada: Invited):
    later = Person(person_id="ada", full_name="Ada Lovelace", created_at=NOW + timedelta(days=1))
    house.people.people["ada"] = later
    assert problem(ada.send()) == (403, "invitation-revoked")


def test_who_is_being_deleted_is_asked_nothing_any_more(house: Gateway, ada: Invited):
    deleting = house.people.people["ada"].model_copy(update={"status": PersonStatus.DELETING})
    house.people.people["ada"] = deleting
    assert problem(ada.withdraw()) == (403, "invitation-revoked")


def test_after_too_many_wrong_tokens_none_is_looked_up_for_the_address(house: Gateway):
    ada = Invited(house)
    other = InvitationToken(ada.made["invitation_id"], InvitationToken.issue().secret)
    wrong = {"Authorization": f"Bearer {other}"}
    answers = [house.client.get("/v1/invitation", headers=wrong) for _ in range(21)]
    assert [problem(answer) for answer in answers[:20]] == [(401, "wrong-token")] * 20
    assert problem(answers[20]) == (429, "too-many-tries")
    assert int(answers[20].headers["Retry-After"]) > 0
    before = house.invitations.look_ups
    assert house.client.get("/v1/invitation", headers=ada.headers).status_code == 429
    assert house.invitations.look_ups == before


def test_the_audit_trail_names_invitation_and_person_and_no_token(house: Gateway, ada: Invited):
    ada.send()
    entries = house.audit.entries
    sent = next(entry for entry in entries if entry.what == "POST /v1/invitation/photos")
    assert sent.actor == f"invitation {ada.made['invitation_id']}"
    assert sent.personal == {"person_id": "ada"}
    assert ada.made["token"].rpartition("_")[2] not in str(entries)
