from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.audit.chain import link, open_chain
from services.audit.sealing import DayEnd, seal_day
from services.audit.verification import ChainVerifier, Fault, compare_chains, verify_seals
from services.contracts.audit import NO_SEAL, AuditEntry, AuditKind, Head, hash_of

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
EXPIRY = date(2027, 1, 2)

pytestmark = pytest.mark.access


def entry(number=0, personal=True):
    return AuditEntry(
        kind=AuditKind.DECISION,
        actor="kiosk lobby",
        what="recognition",
        target=f"r-{number}",
        outcome="granted",
        details={"similarity": 99.5, "number": number},
        personal={"person_id": f"p-{number}", "full_name": "Åda"} if personal else {},
    )


def chain(records, personal=None):
    opening = open_chain("recognize", NOON, EXPIRY)
    links, head = [], opening.head
    for number in range(records):
        named = (personal or [])[number : number + 1] != [False]
        made, head = link(head, entry(number, named), NOON + timedelta(milliseconds=number))
        links.append(made)
    return opening, links, head


def findings(opening, links, sealed=None):
    verifier = ChainVerifier(opening)
    # as a table keeps them: by their places
    for made in sorted(links, key=lambda made: made.place):
        verifier.read(made)
    return verifier.end(sealed).findings


def test_a_chain_that_nobody_touched_verifies_and_is_told_its_end():
    opening, links, head = chain(5)
    assert findings(opening, links, head) == []
    assert (head.seq, head.hash) == (5, links[-1].hash)


def test_every_writer_and_day_has_a_chain_of_its_own():
    first, second = (open_chain("gateway", NOON, EXPIRY) for _ in range(2))
    assert first.says.chain != second.says.chain
    assert first.says.chain.startswith("2026-01-02/gateway-")


def test_places_are_in_the_order_of_time_and_number():
    _, links, _ = chain(12)
    assert [made.place for made in links] == sorted(made.place for made in links)


def test_the_same_personal_part_has_another_hash_each_time_so_that_none_can_be_guessed():
    opening = open_chain("recognize", NOON, EXPIRY)
    first, second = (link(opening.head, entry(), NOON)[0] for _ in range(2))
    assert first.personal != second.personal
    assert "Åda" not in first.text


def test_an_erased_personal_part_leaves_a_chain_that_verifies_and_is_counted():
    opening, links, head = chain(3)
    links[1] = replace(links[1], personal=None, erased=True)
    verifier = ChainVerifier(opening)
    for made in links:
        verifier.read(made)
    check = verifier.end(head)
    assert (check.findings, check.erased) == ([], 1)


def test_a_personal_part_that_is_gone_without_having_been_erased_is_named():
    opening, links, head = chain(3)
    links[1] = replace(links[1], personal=None)
    (found,) = findings(opening, links, head)
    assert (found.fault, found.seq) == (Fault.MISSING, 2)


MANY = st.integers(min_value=1, max_value=12)


@given(MANY, st.data())
@settings(max_examples=60, deadline=None)
def test_any_altered_record_is_named(records, data):
    opening, links, head = chain(records)
    at = data.draw(st.integers(0, records - 1))
    text = links[at].text
    where = data.draw(st.integers(0, len(text) - 1))
    altered = (
        text[:where]
        + data.draw(st.sampled_from("x7}").filter(lambda c: c != text[where]))
        + text[where + 1 :]
    )
    rehashed = data.draw(st.booleans())
    links[at] = replace(links[at], text=altered, hash=hash_of(altered) if rehashed else links[at].hash)
    found = findings(opening, links, head)
    assert at + 1 in {finding.seq for finding in found} | {
        finding.seq and finding.seq - 1 for finding in found
    }
    assert all(finding.chain == opening.says.chain for finding in found)


@given(MANY, st.data())
@settings(max_examples=60, deadline=None)
def test_any_missing_record_is_named(records, data):
    opening, links, head = chain(records)
    at = data.draw(st.integers(0, records - 1))
    del links[at]
    (found,) = findings(opening, links, head)
    assert (found.fault, found.seq) == (Fault.MISSING, at + 1)


@given(st.integers(min_value=2, max_value=12), st.data())
@settings(max_examples=60, deadline=None)
def test_any_two_records_that_changed_places_are_named(records, data):
    opening, links, head = chain(records)
    one, other = data.draw(st.lists(st.integers(0, records - 1), min_size=2, max_size=2, unique=True))
    first, second = links[one], links[other]
    links[one], links[other] = replace(second, place=first.place), replace(first, place=second.place)
    misplaced = {found.seq for found in findings(opening, links, head) if found.fault is Fault.MISPLACED}
    assert misplaced == {one + 1, other + 1}


@given(MANY, st.data())
@settings(max_examples=60, deadline=None)
def test_any_inserted_record_is_found_however_well_it_is_made(records, data):
    opening, links, head = chain(records)
    behind = data.draw(st.integers(0, records))
    end = Head(
        chain=head.chain, seq=behind, hash=links[behind - 1].hash if behind else opening.head.hash
    )  # fmt: skip
    forged, _ = link(end, entry(99), NOON + timedelta(milliseconds=behind, microseconds=-1))
    found = findings(opening, [*links, forged], head)
    assert found
    assert {finding.fault for finding in found} <= {Fault.INSERTED, Fault.ALTERED, Fault.MISPLACED}


@given(MANY, st.data())
@settings(max_examples=40, deadline=None)
def test_any_altered_personal_part_is_named(records, data):
    opening, links, head = chain(records)
    at = data.draw(st.integers(0, records - 1))
    links[at] = replace(links[at], personal=links[at].personal.replace("Åda", "Bob"))
    (found,) = findings(opening, links, head)
    assert (found.fault, found.seq) == (Fault.ALTERED, at + 1)


def test_a_chain_of_another_opening_is_found():
    opening, links, _ = chain(2)
    other = open_chain("recognize", NOON, EXPIRY)
    other = replace(other, says=other.says.model_copy(update={"chain": opening.says.chain}))
    (found,) = findings(other, links)
    assert found.fault is Fault.ALTERED
    assert "opening" in found.detail


def test_the_end_of_a_chain_is_held_by_the_seal_alone():
    opening, links, head = chain(4)
    assert findings(opening, links[:3]) == []
    (found,) = findings(opening, links[:3], head)
    assert (found.fault, found.seq) == (Fault.MISSING, 4)


def test_a_chain_that_is_gone_and_one_that_was_put_in_are_named():
    first, second, third = (chain(1) for _ in range(3))
    faults = {
        (found.chain, found.fault) for found in compare_chains([first[2], second[2]], [second[0], third[0]])
    }
    assert faults == {
        (first[0].says.chain, Fault.CHAIN_MISSING),
        (third[0].says.chain, Fault.CHAIN_INSERTED),
    }


def sealed_days(days, parts=1):
    seals, previous = [], NO_SEAL
    for number in range(days):
        heads = [chain(2)[2] for _ in range(parts)]
        day = date(2026, 1, 2) + timedelta(days=number)
        seals += seal_day(DayEnd(day, heads, EXPIRY), previous, chains_in_a_seal=1)
        previous = seals[-1].hash
    return seals


def test_the_seals_of_days_one_behind_the_other_verify():
    assert list(verify_seals(sealed_days(4))) == []
    assert list(verify_seals(sealed_days(3, parts=3))) == []


def test_a_day_without_any_record_is_sealed_too():
    (seal,) = seal_day(DayEnd(date(2026, 1, 2), [], date(2026, 1, 2)), NO_SEAL)
    assert (seal.says.chains, seal.says.parts) == ((), 1)


def test_two_gateways_make_the_same_seal_of_the_same_day():
    heads = [chain(1)[2], chain(2)[2]]
    first = seal_day(DayEnd(date(2026, 1, 2), heads, EXPIRY), NO_SEAL)
    assert first == seal_day(DayEnd(date(2026, 1, 2), heads[::-1], EXPIRY), NO_SEAL)


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_an_altered_seal_is_found_also_where_its_hash_was_made_anew(at, parts):
    seals = sealed_days(4, parts)
    text = seals[at].text.replace('"seq":2', '"seq":1')
    assert text != seals[at].text
    with_its_hash = [*seals[:at], replace(seals[at], text=text, hash=hash_of(text)), *seals[at + 1 :]]
    (found,) = verify_seals(with_its_hash)
    assert (found.fault, found.chain) == (Fault.SEAL_BROKEN, str(seals[at].says.day))
    (found,) = verify_seals([*seals[:at], replace(seals[at], text=text), *seals[at + 1 :]])
    assert found.fault is Fault.SEAL_BROKEN


def test_a_seal_that_is_gone_is_named_by_its_day():
    seals = sealed_days(4)
    (found,) = verify_seals(seals[:1] + seals[2:])
    assert (found.fault, found.chain) == (Fault.SEAL_MISSING, "2026-01-03")


def test_an_anchor_noted_elsewhere_tells_of_a_trail_that_was_made_anew():
    seals = sealed_days(2)
    assert list(verify_seals(seals, seals[0].hash)) == []
    (found,) = verify_seals(sealed_days(2), seals[0].hash)
    assert seals[0].hash in found.detail
