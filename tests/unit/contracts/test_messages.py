import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.contracts.domain import Decision, Matched
from services.contracts.messages import DecisionReply, EnrollJob, InlineFrame, RecognizeJob, StoredObject
from services.contracts.reasons import DecisionReason, Outcome

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def recognize_job(**changes):
    fields = {
        "recognition_id": "r-1",
        "kiosk_id": "kiosk-1",
        "frames": (InlineFrame(data=b"\xff\xd8jpeg"),),
        "received_at": NOW,
        "deadline": NOW + timedelta(seconds=8),
    }
    return RecognizeJob(**(fields | changes))


@given(st.binary(max_size=2000))
def test_an_inline_frame_crosses_the_queue_byte_for_byte(data):
    job = recognize_job(frames=(InlineFrame(data=data),))
    assert RecognizeJob.model_validate_json(job.model_dump_json()) == job


def test_a_stored_frame_crosses_the_queue():
    job = recognize_job(frames=(StoredObject(bucket="b", key="posted-frames/k/ü.jpg", version_id="v1"),))
    assert RecognizeJob.model_validate_json(job.model_dump_json()).frames == job.frames


@pytest.mark.parametrize("count", [0, 6])
def test_a_job_has_one_to_five_frames(count):
    with pytest.raises(ValidationError, match="frames"):
        recognize_job(frames=(InlineFrame(data=b"jpeg"),) * count)


def test_frames_in_the_message_and_in_the_bucket_cross_the_queue_together_and_in_order():
    frames = (InlineFrame(data=b"first"), StoredObject(bucket="b", key="k"), InlineFrame(data=b"third"))
    job = recognize_job(frames=frames)
    assert RecognizeJob.model_validate_json(job.model_dump_json()).frames == frames


def test_an_enroll_job_crosses_the_queue():
    job = EnrollJob(enrollment_id="e-1", photo=StoredObject(bucket="b", key="index/x.jpg"), received_at=NOW)
    assert EnrollJob.model_validate_json(job.model_dump_json()) == job


def test_a_job_of_another_version_is_refused():
    text = json.loads(recognize_job().model_dump_json()) | {"version": 2}
    with pytest.raises(ValidationError, match="version"):
        RecognizeJob.model_validate(text)


def test_a_field_that_a_newer_sender_adds_is_ignored():
    text = json.loads(recognize_job().model_dump_json()) | {"frames_agreed": 3}
    assert RecognizeJob.model_validate(text) == recognize_job()


@pytest.mark.parametrize("kiosk_id", ["", "../etc", "a/b", "x" * 101, "a b"])
def test_an_id_that_would_break_out_of_a_key_is_refused(kiosk_id):
    with pytest.raises(ValidationError, match="kiosk_id"):
        recognize_job(kiosk_id=kiosk_id)


def test_an_instant_without_a_time_zone_is_refused():
    with pytest.raises(ValidationError, match="deadline"):
        recognize_job(deadline=datetime(2026, 1, 1))


def test_a_frame_does_not_show_in_a_job_s_text():
    assert "jpeg" not in repr(recognize_job())


def decision(reason, **changes):
    fields = {
        "recognition_id": "r-1",
        "reason": reason,
        "kiosk_id": "kiosk-1",
        "threshold": 99,
        "received_at": NOW,
        "decided_at": NOW,
    }
    return Decision(**(fields | changes))


def test_a_reply_crosses_the_queue():
    reply = DecisionReply(decision=decision(DecisionReason.NO_MATCH, similarity=71.25))
    assert DecisionReply.model_validate_json(reply.model_dump_json()) == reply


@pytest.mark.parametrize("reason", DecisionReason)
def test_only_a_match_grants(reason):
    assert (reason.outcome is Outcome.GRANTED) == (reason is DecisionReason.MATCH)


def granted(**changes):
    evidence = {"person_id": "p", "face_id": "f", "similarity": 99.5}
    return decision(DecisionReason.MATCH, **(evidence | changes))


@pytest.mark.parametrize("missing", ["person_id", "face_id", "similarity"])
def test_nobody_is_let_in_without_evidence(missing):
    with pytest.raises(ValidationError, match="granted decision"):
        granted(**{missing: None})


def test_all_photos_of_a_person_together_are_evidence_as_one_face_is():
    assert granted(matched=Matched.USER, face_id=None).outcome is Outcome.GRANTED


@pytest.mark.parametrize("missing", ["person_id", "similarity"])
def test_a_matched_user_alone_is_no_evidence(missing):
    with pytest.raises(ValidationError, match="granted decision"):
        granted(**({"matched": Matched.USER, "face_id": None} | {missing: None}))


def test_a_decision_does_not_say_both_that_a_face_matched_and_that_none_did():
    with pytest.raises(ValidationError, match="no single face"):
        granted(matched=Matched.USER)


@pytest.mark.parametrize(("frames", "agreed"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (1, None)])
def test_a_majority_of_the_frames_lets_in(frames, agreed):
    assert granted(frames=frames, agreed=agreed).outcome is Outcome.GRANTED


@pytest.mark.parametrize(("frames", "agreed"), [(1, 0), (2, 1), (3, 1), (4, 2), (5, 2), (2, None), (1, 2)])
def test_nobody_is_let_in_without_a_majority_of_the_frames(frames, agreed):
    with pytest.raises(ValidationError, match="agree"):
        granted(frames=frames, agreed=agreed)


@pytest.mark.parametrize("reason", DecisionReason)
def test_every_reason_has_a_sentence(reason):
    assert reason.sentence.endswith(".")
