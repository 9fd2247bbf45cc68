"""Whatever a program sends, it is answered with a sentence, and never with an error of ours."""

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.contracts.domain import EnrollmentStatus
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.test_batches_api import BATCH, SOURCE, note, submit
from tests.unit.gateway.test_held_api import hold
from tests.unit.gateway.test_people_api import known

IDS = st.one_of(
    st.sampled_from(["ada", "e-0", "e-1", BATCH, "%00", "..", "%2e%2e%2f", "x" * 3000, "a b", "é", "%ff"]),
    st.text(min_size=1, max_size=20).map(lambda text: quote(text, safe="")),
)
ROUTES = [
    ("POST", "/v1/people"),
    ("GET", "/v1/people"),
    ("GET", "/v1/people/{}"),
    ("PATCH", "/v1/people/{}"),
    ("DELETE", "/v1/people/{}"),
    ("GET", "/v1/deletions/{}"),
    ("POST", "/v1/people/{}/photos"),
    ("GET", "/v1/people/{}/photos"),
    ("DELETE", "/v1/people/{}/photos/{}"),
    ("POST", "/v1/people/{}/photos/uploads"),
    ("GET", "/v1/enrollments/{}"),
    ("GET", "/v1/enrollments"),
    ("POST", "/v1/enrollments/{}/resolution"),
    ("POST", "/v1/batches"),
    ("POST", "/v1/batches/uploads"),
    ("GET", "/v1/batches/{}"),
    ("GET", "/v1/batches/{}/report"),
    ("GET", "/v1/batches/{}/report.csv"),
]
WORDS = st.one_of(
    st.text(max_size=30), st.sampled_from(["ada", SOURCE, "merge", "people.zip", "image/jpeg", "a" * 64])
)
FIELDS = st.sampled_from(
    ("full_name", "groups", "external_id", "status", "photos", "sha256", "content_type", "resolution", "name")
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(FIELDS, inner, max_size=3)),
    max_leaves=8,
)
BODIES = st.one_of(
    st.dictionaries(FIELDS, VALUES, max_size=4).map(lambda body: ("json", body)),
    VALUES.map(lambda body: ("json", body)),
    st.binary(max_size=200).map(lambda body: ("data", body)),
)
TYPES = st.sampled_from(
    [
        "application/json",
        "application/zip",
        "image/jpeg",
        "image/heic",
        "multipart/form-data; boundary=x",
        "?",
    ]
)
QUERIES = st.dictionaries(st.sampled_from(["cursor", "limit", "search", "status", "name"]), WORDS, max_size=2)
KEYS = st.sampled_from([None, '"k"', "k", '"'])


@pytest.mark.parametrize(("method", "route"), ROUTES)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(ids=st.tuples(IDS, IDS), body=BODIES, content_type=TYPES, query=QUERIES, key=KEYS)
def test_whatever_is_sent_is_answered(gateway: Gateway, method: str, route: str, **sent: Any):
    known(gateway, "Ada")
    hold(gateway)
    submit(gateway, {"source": SOURCE})
    gateway.submissions.read(BATCH, note(gateway, 0, EnrollmentStatus.INDEXED))
    kind, content = sent["body"]
    body = {kind: content} if kind == "json" else {kind: content, "content_type": sent["content_type"]}
    answer = gateway.client.open(
        route.format(*sent["ids"]),
        method=method,
        headers=gateway.as_program(**({"Idempotency-Key": sent["key"]} if sent["key"] else {})),
        query_string=sent["query"],
        **body,
    )
    assert answer.status_code < 500, answer.get_data(as_text=True)
    if answer.status_code >= 400:
        assert answer.mimetype == "application/problem+json"
        assert answer.get_json()["detail"]
