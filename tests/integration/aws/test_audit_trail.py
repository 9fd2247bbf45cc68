"""The whole trail on a table: written, sealed, verified, listed, and what somebody did to it by hand."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from services.audit.export import ExportFormat, export
from services.audit.sealer import Sealer
from services.audit.trail import TrailVerifier
from services.audit.verification import Fault
from services.aws.audit import CHAINS, AuditLog
from services.aws.audit_trail import AuditTrail
from services.aws.decisions import DecisionStore
from services.aws.removal import AuditRecordsOfPerson, DecisionsOfPerson
from services.contracts.audit import AuditEntry, AuditKind, hash_of
from services.contracts.domain import Decision
from services.contracts.reasons import DecisionReason

pytestmark = pytest.mark.access

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
DAY = NOON.date()
NEXT_DAY = NOON + timedelta(days=1)


def decision(recognition_id, at=NOON, **changes):
    fields = {
        "recognition_id": recognition_id,
        "reason": DecisionReason.MATCH,
        "kiosk_id": "lobby",
        "person_id": "ada",
        "full_name": "Ada Lovelace",
        "face_id": "face-1",
        "similarity": 99.87654,
        "threshold": 99,
        "agreed": 1,
        "received_at": at,
        "decided_at": at,
        "timings_ms": {"search_ms": 7.1},
    }
    return Decision(**(fields | changes))


@pytest.fixture
def now():
    return [NOON]


@pytest.fixture
def house(aws, now):
    """Two workers and a gateway, a day's work."""

    def clock():
        now[0] += timedelta(milliseconds=1)
        return now[0]

    logs = [AuditLog(aws, writer, now=clock) for writer in ("recognize", "recognize", "gateway")]
    for number in range(8):
        DecisionStore(aws, audit=logs[number % 2]).record(decision(f"r-{number}"))
    for _ in range(3):
        place = logs[2].record(
            AuditEntry(
                kind=AuditKind.ACTION, actor="token t", what="PATCH /v1/people/<person_id>",
                personal={"person_id": "ada"},
            )
        )  # fmt: skip
        logs[2].record(
            AuditEntry(kind=AuditKind.OUTCOME, actor="token t", what="PATCH", target=place, outcome="200")
        )
    return logs


def verify(aws, first=DAY, last=DAY, anchor=None, now=NEXT_DAY):
    return TrailVerifier(AuditTrail(aws), DecisionStore(aws), now).verify(first, last, anchor)


def faults(aws, **period):
    return {(found.fault, found.chain, found.seq) for found in verify(aws, **period).findings}


def rows(aws, chain=None):
    items = aws.dynamodb.scan(TableName="audit", ConsistentRead=True)["Items"]
    mine = [item for item in items if item["chain"]["S"].startswith(chain or "2026")]
    return sorted(mine, key=lambda item: (item["chain"]["S"], item["place"]["S"]))


def put(aws, item):
    aws.dynamodb.put_item(TableName="audit", Item=item)


def delete(aws, item):
    aws.dynamodb.delete_item(TableName="audit", Key={"chain": item["chain"], "place": item["place"]})


def seq_of(item):
    return json.loads(item["text"]["S"])["seq"]


def seal(aws, at=NEXT_DAY):
    return Sealer(AuditTrail(aws), lambda: at).seal()


def test_what_nobody_touched_verifies_before_and_after_its_day_is_sealed(aws, house):
    before = verify(aws)
    assert (before.findings, before.records, before.chains) == ([], 14, 3)
    assert (before.unsealed, before.last_seal) == ([DAY], None)
    (sealed,) = seal(aws)
    after = verify(aws, anchor=sealed.hash)
    assert (after.findings, after.unsealed, after.last_seal) == ([], [], sealed)


def test_a_record_altered_by_hand_is_named(aws, house):
    altered = rows(aws)[2]
    text = altered["text"]["S"].replace('"actor":"', '"actor":"another ')
    put(aws, altered | {"text": {"S": text}})
    name = (altered["chain"]["S"], seq_of(altered))
    assert (Fault.ALTERED, *name) in faults(aws)
    # and if its hash is made anew
    put(aws, altered | {"text": {"S": text}, "hash": {"S": hash_of(text)}})
    assert (Fault.ALTERED, *name) in faults(aws)


def test_a_record_that_is_gone_is_named(aws, house):
    gone = rows(aws)[1]
    delete(aws, gone)
    assert (Fault.MISSING, gone["chain"]["S"], seq_of(gone)) in faults(aws)


def test_a_record_that_was_put_in_is_found(aws, house):
    like = rows(aws)[1]
    put(aws, like | {"place": {"S": like["place"]["S"].replace("#", "9#")[:-1] + "7"}})
    assert {fault for fault, *_ in faults(aws)} >= {Fault.MISPLACED}


def test_the_last_record_cannot_be_taken_from_a_sealed_day_nor_a_chain(aws, house):
    seal(aws)
    chain = rows(aws)[0]["chain"]["S"]
    last = rows(aws, chain)[-1]
    delete(aws, last)
    assert (Fault.MISSING, chain, seq_of(last)) in faults(aws)
    for item in rows(aws, chain):
        delete(aws, item)
    aws.dynamodb.delete_item(TableName="audit", Key={"chain": {"S": CHAINS}, "place": {"S": chain}})
    assert (Fault.CHAIN_MISSING, chain, None) in faults(aws)


def test_a_decision_without_a_record_is_found_though_its_day_is_not_sealed(aws, house):
    chain = next(item["chain"]["S"] for item in rows(aws) if "/recognize-" in item["chain"]["S"])
    last = rows(aws, chain)[-1]
    delete(aws, last)
    assert faults(aws) == {(Fault.DECISION_WITHOUT_RECORD, chain, None)}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ("SET kiosk_id = :value", "actor"),
        ("SET full_name = :value", "full_name"),
        ("SET door_id = :value", "door_id"),
        ("SET audit_chain = :value", "record"),
    ],
)
def test_a_decision_altered_by_hand_is_named_with_what_differs(aws, house, change, field):
    aws.dynamodb.update_item(
        TableName="decisions", Key={"recognition_id": {"S": "r-3"}}, UpdateExpression=change,
        ExpressionAttributeValues={":value": {"S": "other"}},
    )  # fmt: skip
    found = [found for found in verify(aws).findings if found.fault is Fault.DECISION_ALTERED]
    assert [field in str(finding) and "r-3" in str(finding) for finding in found] == [True]


def test_a_decision_put_in_by_hand_and_one_taken_out_are_found(aws, house):
    key = {"recognition_id": {"S": "r-3"}}
    item = aws.dynamodb.get_item(TableName="decisions", Key=key)["Item"]
    aws.dynamodb.put_item(TableName="decisions", Item=item | {"recognition_id": {"S": "r-forged"}})
    aws.dynamodb.delete_item(TableName="decisions", Key=key)
    assert {fault for fault, *_ in faults(aws)} == {Fault.DECISION_WITHOUT_RECORD, Fault.DECISION_MISSING}


@pytest.mark.parametrize("text", ["nonsense", "{}"])
def test_whatever_an_opening_was_made_into_it_is_named(aws, house, text):
    chain = rows(aws)[0]["chain"]["S"]
    (opening,) = [row for row in rows(aws, CHAINS) if row["place"]["S"] == chain]
    put(aws, opening | {"text": {"S": text}})
    assert faults(aws) == {(Fault.ALTERED, chain, None)}
    assert len(seal(aws)) == 1


def test_an_opening_that_names_another_chain_is_found(aws, house):
    first, second, _ = rows(aws, CHAINS)
    put(aws, first | {"text": second["text"]})
    assert faults(aws) == {(Fault.ALTERED, first["place"]["S"], None)}


def test_whatever_a_seal_was_made_into_it_is_found(aws, house):
    seal(aws, NOON + timedelta(days=2))
    (first, second) = rows(aws, "seals")
    put(aws, first | {"text": {"S": "nonsense"}})
    assert (Fault.SEAL_BROKEN, str(DAY), None) in faults(aws)
    put(aws, first | {"text": second["text"], "hash": second["hash"]})
    assert Fault.SEAL_BROKEN in {fault for fault, *_ in faults(aws)}
    assert [str(made.says.day) for made in seal(aws, NOON + timedelta(days=3))] == ["2026-01-04"]


def test_rows_that_are_none_stop_neither_verification_nor_sealing(aws, house):
    chain = rows(aws)[0]["chain"]["S"]
    for where, place in ((chain, "23:59:59.999999#last"), (CHAINS, "0"), ("seals", "9999")):
        put(aws, {"chain": {"S": where}, "place": {"S": place}})
    assert faults(aws) == {(Fault.ALTERED, chain, seq_of(rows(aws, chain)[-2]) + 1)}
    (sealed,) = seal(aws)
    assert [head.seq for head in sealed.says.chains if head.chain == chain] == [6]


def test_decisions_that_have_left_by_themselves_are_not_missed(aws, house):
    for number in range(8):
        aws.dynamodb.delete_item(TableName="decisions", Key={"recognition_id": {"S": f"r-{number}"}})
    assert faults(aws, now=NOON + timedelta(days=91)) == set()


def test_erasing_a_person_leaves_a_trail_that_verifies_and_says_so(aws, house):
    for place in (AuditRecordsOfPerson(aws), DecisionsOfPerson(aws)):
        place.remove("ada", place.find("ada"))
    found = verify(aws)
    assert (found.findings, found.erased) == ([], 11)
    # in quotes: hexadecimal digits spell the id now and then
    assert not any(name in json.dumps(rows(aws)) for name in ('ada\\"', '"ada"', "Lovelace"))
    assert list(AuditTrail(aws).of_person("ada")) == []


def test_days_without_anything_are_sealed_too_and_several_gateways_seal_each_once(aws, house):
    three_days_on = NOON + timedelta(days=3)
    first, second = (Sealer(AuditTrail(aws), lambda: three_days_on) for _ in range(2))
    assert [str(seal.says.day) for seal in first.seal()] == ["2026-01-02", "2026-01-03", "2026-01-04"]
    assert second.seal() == []
    assert verify(aws, last=date(2026, 1, 4), now=three_days_on).findings == []


def test_a_day_is_not_sealed_before_all_clocks_agree_that_it_is_over(aws, house):
    assert seal(aws, datetime(2026, 1, 3, 0, 59, tzinfo=UTC)) == []
    assert len(seal(aws, datetime(2026, 1, 3, 1, 0, tzinfo=UTC))) == 1


def test_records_that_have_expired_are_not_missed_and_their_seals_still_hold(aws, house):
    seal(aws, NOON + timedelta(days=3))
    for item in [*rows(aws), *rows(aws, CHAINS)]:
        delete(aws, item)
    late = NOON + timedelta(days=366)
    found = verify(aws, now=late)
    assert (found.findings, found.expired) == ([], [DAY])
    (first, *_) = rows(aws, "seals")
    put(aws, first | {"text": {"S": first["text"]["S"].replace('"seq":6', '"seq":5')}})
    assert (Fault.SEAL_BROKEN, str(DAY), None) in faults(aws, now=late)


def test_an_anchor_that_is_no_seal_s_hash_is_told(aws, house):
    seal(aws)
    assert (Fault.SEAL_BROKEN, "all", None) in faults(aws, anchor="0" * 64)


def test_records_are_listed_by_time_over_all_chains_and_page_by_page(aws, house):
    trail, begin = AuditTrail(aws), datetime(2026, 1, 2, tzinfo=UTC)
    everything = list(trail.between(begin, NEXT_DAY))
    times = [json.loads(listed.link.text)["at"] for listed in everything]
    assert (len(everything), times) == (14, sorted(times))
    for number in range(14):
        assert list(trail.between(begin, NEXT_DAY, everything[number].position)) == everything[number + 1 :]
    assert list(trail.between(begin, NOON)) == []
    with pytest.raises(ValueError, match="isoformat"):
        list(trail.between(begin, NEXT_DAY, "nonsense"))


def test_an_export_has_every_record_and_a_spreadsheet_runs_none_of_it(aws, house):
    house[2].record(AuditEntry(kind=AuditKind.ACTION, actor="=HYPERLINK()", what="@SUM"))
    listed = list(AuditTrail(aws).between(NOON, NEXT_DAY))
    lines = [json.loads(line) for line in export(listed, ExportFormat.JSONL)]
    assert all(hash_of(line["text"]) == line["hash"] for line in lines)
    head, *rest = export(listed, ExportFormat.CSV)
    assert head.startswith("at,kind,actor")
    assert len(rest) == len(lines) == 15
    assert "'=HYPERLINK()" in rest[-1]
    assert "'@SUM" in rest[-1]


def test_chains_of_deciders_are_followed_from_any_place(aws, house):
    trail = AuditTrail(aws)
    chains = trail.chains_of(DAY, "recognize")
    assert len(chains) == 2
    assert trail.chains_of(DAY, "enroll") == []
    records = list(trail.behind(chains[0], ""))
    assert [listed.chain for listed in records] == [chains[0]] * len(records)
    assert list(trail.behind(chains[0], records[0].link.place)) == records[1:]
    assert list(trail.behind(chains[0], "12:00:00.000001")) == records
    assert list(trail.behind(chains[0], "13:00:00.000000")) == []
