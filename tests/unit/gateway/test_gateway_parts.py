"""The gateway's small parts, each alone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.tokens import KioskToken
from services.gateway.authentication import KioskAuthenticator
from services.gateway.frames import FrameLimits, read_frame
from services.gateway.prefer import preferred_wait
from services.gateway.problems import Problem
from services.gateway.remembered import TOKEN_CACHE_SECONDS
from services.gateway.uuid7 import parse_uuid7, time_of, uuid7
from tests.unit.gateway.in_memory import InMemoryKiosks, kiosk_with, picture

LIMITS = FrameLimits(max_bytes=1_000_000, max_pixels=1_000_000, min_side=80, needed_side=640)
FILES = {"image/jpeg": picture(), "image/png": picture("PNG")}


def test_uuid7_agrees_with_the_example_of_its_rfc():
    rand_a, rand_b = 0xCC3, 0x18C4DC0C0C07398F
    made = uuid7(unix_ms=0x017F22E279B0, random=rand_a << 62 | rand_b)

    assert str(made) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
    assert time_of(made) == datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)


def test_uuid7s_are_of_now_and_differ():
    made = {uuid7() for _ in range(1000)}

    assert len(made) == 1000
    assert all(uuid.version == 7 and uuid.variant == "specified in RFC 4122" for uuid in made)
    assert all(abs(datetime.now(UTC) - time_of(uuid)) < timedelta(minutes=1) for uuid in made)
    assert all(parse_uuid7(str(uuid)) == uuid for uuid in made)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (["wait=5"], 5),
        (["Wait = 5"], 5),
        (['wait="5"'], 5),
        (["respond-async, wait=5"], 5),
        (["respond-async", "wait=5"], 5),
        (["wait=5; foo=bar"], 5),
        (["wait=5, wait=7"], 5),
        (["wait=0"], 0),
        (["wait=007"], 7),
        (["wait=60"], 10),
        (["wait=" + "9" * 8000], 10),
        (["wait=-5"], None),
        (["wait=5.5"], None),
        (["wait=soon"], None),
        (["wait=\u0665"], None),
        (["wait"], None),
        (["wait="], None),
        (["waiting=5"], None),
        (['foo="a, wait=5"'], None),
        ([""], None),
        ([], None),
    ],
)
def test_the_preferred_wait_is_read_as_rfc_7240_says(headers: list[str], seconds: int | None):
    assert preferred_wait(headers, longest=10) == seconds


@given(st.text(max_size=200))
def test_no_prefer_header_breaks_the_gateway(header: str):
    assert preferred_wait([header], longest=10) in {None, *range(11)}


def test_a_kiosk_is_looked_up_once_in_two_seconds_and_its_revocation_then_counts():
    now = 0.0
    token = KioskToken.create("lobby")
    kiosks = InMemoryKiosks(kiosk_with(token))
    authenticator = KioskAuthenticator(kiosks, timer=lambda: now)

    for _ in range(3):
        assert authenticator.authenticate(f"Bearer {token}").door_id == "front"
    assert kiosks.look_ups == 1

    del kiosks.kiosks["lobby"]
    now = TOKEN_CACHE_SECONDS
    with pytest.raises(Problem) as refused:
        authenticator.authenticate(f"Bearer {token}")
    assert refused.value.type.slug == "wrong-token"
    assert kiosks.look_ups == 2


def test_a_cached_kiosk_does_not_let_another_token_in():
    token = KioskToken.create("lobby")
    authenticator = KioskAuthenticator(InMemoryKiosks(kiosk_with(token)))
    authenticator.authenticate(f"bearer {token}")

    with pytest.raises(Problem):
        authenticator.authenticate(f"Bearer {KioskToken.create('lobby')}")


def test_a_good_frame_is_read_with_its_size():
    for content_type, data in FILES.items():
        frame = read_frame(data, content_type, LIMITS)
        assert (frame.data, frame.width, frame.height) == (data, 160, 120)


@given(
    content_type=st.sampled_from(sorted(FILES)),
    start=st.integers(0, 400),
    length=st.integers(0, 40),
    junk=st.binary(max_size=60),
)
def test_a_damaged_frame_is_read_or_refused_and_nothing_else(
    content_type: str, start: int, length: int, junk: bytes
):
    data = FILES[content_type]
    damaged = data[:start] + junk + data[start + length :]
    try:
        read = read_frame(damaged, content_type, LIMITS).data
    except Problem:
        read = damaged
    assert read == damaged


@given(st.sampled_from(sorted(FILES)), st.binary(max_size=300))
def test_random_bytes_are_refused(content_type: str, data: bytes):
    with pytest.raises(Problem):
        read_frame(data, content_type, LIMITS)
