"""A program decides about a photo whose face belongs to another person: all processes real."""

import io
from datetime import UTC, datetime

import requests
from PIL import Image, ImageOps

from cli.portraits import grace_hopper
from services.aws.tokens import TokenStore
from services.contracts.domain import EnrollmentStatus, IssuedToken, Scope
from services.contracts.tokens import ApiToken
from tests.conftest import enrolled, until


def test_a_held_photo_is_found_decided_about_and_told_of(facegate, grace_is_enrolled):
    token = ApiToken.issue()
    TokenStore(facegate.aws).add(
        IssuedToken(
            token_id=token.token_id,
            name="test",
            scopes=(Scope.PEOPLE_READ, Scope.PEOPLE_WRITE),
            token_sha256=token.sha256,
            created_at=datetime.now(UTC),
        )
    )
    headers = {"Authorization": f"Bearer {token}"}
    encoded = io.BytesIO()
    with Image.open(grace_hopper()) as portrait:
        ImageOps.mirror(portrait.convert("RGB")).save(encoded, "JPEG", quality=95)
    held = enrolled(facegate, encoded.getvalue(), "double.jpg", "Grace's Double")
    assert held.status is EnrollmentStatus.HELD, held

    def listed():
        answer = requests.get(
            f"{facegate.gateway_url}/v1/enrollments?status=held", headers=headers, timeout=20
        )
        return {photo["enrollment_id"]: photo for photo in answer.json()["enrollments"]}

    photo = until(lambda: listed().get(held.enrollment_id))
    assert photo["held_for"]["full_name"] == grace_is_enrolled
    place = f"{facegate.gateway_url}/v1/enrollments/{held.enrollment_id}"

    def decide():
        decision = {"resolution": "reject"}
        return requests.post(f"{place}/resolution", headers=headers, json=decision, timeout=20)

    assert decide().status_code == 202

    def decided():
        answer = requests.get(place, headers=headers, timeout=20).json()
        return answer["status"] == "rejected" and answer

    assert until(decided)["reason"] == "other_person"
    assert decide().status_code == 409
    assert held.enrollment_id not in listed()
