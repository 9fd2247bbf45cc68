"""The Idempotency-Key field alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.idempotency_key import LONGEST_KEY, idempotency_key
from services.gateway.problems import Problem


@pytest.mark.parametrize(
    ("field", "key"),
    [
        ('"8e03978e-40d5-43dd-bc93-6894a57f9324"', "8e03978e-40d5-43dd-bc93-6894a57f9324"),
        (' "a b" ', "a b"),
        (r'"say \"hi\" \\ "', r"say \"hi\" \\ "),
        ('"' + "k" * LONGEST_KEY + '"', "k" * LONGEST_KEY),
        (None, None),
    ],
)
def test_a_key_is_a_string_in_quotes(field: str | None, key: str | None):
    assert idempotency_key(field) == key


@pytest.mark.parametrize(
    "field",
    [
        "",
        '""',
        "8e03978e-40d5-43dd-bc93-6894a57f9324",
        '"open',
        '"a","b"',
        '"a", "a"',
        '"a";version=1',
        r'"a\b"',
        '"a\\"',
        '"a\tb"',
        '"schlüssel"',
        '"' + "k" * (LONGEST_KEY + 1) + '"',
    ],
)
def test_anything_else_is_refused_and_not_repeated(field: str):
    with pytest.raises(Problem) as refused:
        idempotency_key(field)
    assert refused.value.type.status == 400
    assert len(field) < 4 or field.strip('"') not in refused.value.detail


@given(st.text(max_size=300))
def test_no_field_breaks_the_gateway_and_a_key_is_never_changed(field: str):
    try:
        key = idempotency_key(field)
    except Problem:
        return
    assert field.strip(" \t") == f'"{key}"'
