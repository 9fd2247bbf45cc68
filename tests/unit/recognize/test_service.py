from datetime import UTC, datetime, timedelta

import pytest

from services.aws.collection import ImageOutOfReach, NoFaceInImage, UnreadableImage
from services.aws.errors import AwsUnavailable
from services.contracts.domain import FaceMatch, Kiosk, Person
from services.contracts.messages import InlineFrame, RecognizeJob
from services.contracts.reasons import DecisionReason, Outcome
from services.recognize.policy import Policy
from services.recognize.service import RecognitionFailed, RecognizeService

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ADA = Person(person_id="ada", full_name="Ada Lovelace", created_at=NOW)
KIOSK = Kiosk(kiosk_id="kiosk-1", door_id="front-door", token_sha256="0" * 64, created_at=NOW)


class Faces:
    def __init__(self, matches=(), error=None, takes=timedelta()):
        self.matches, self.error, self.takes = list(matches), error, takes
        self.fails = 1_000_000
        self.asked = []
        self.clock = None

    def search(self, image, threshold):
        self.asked.append((image, threshold))
        self.clock.now += self.takes
        if self.error and len(self.asked) <= self.fails:
            raise self.error
        return self.matches


class People:
    def people_by_face(self, face_ids):
        return {face_id: ADA for face_id in face_ids if face_id.startswith("ada")}


class Kiosks:
    def get(self, kiosk_id):
        return KIOSK if kiosk_id == KIOSK.kiosk_id else None


class Decisions(dict):
    def record(self, decision):
        return self.setdefault(decision.recognition_id, decision) is decision


class Replies(list):
    def send(self, queue_url, reply):
        self.append((queue_url, reply.decision))


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += timedelta(seconds=seconds)


class World:
    def __init__(self, *matches, error=None, takes=timedelta()):
        self.clock = Clock()
        self.faces = Faces(matches, error, takes)
        self.faces.clock = self.clock
        self.decisions, self.replies = Decisions(), Replies()
        self.service = RecognizeService(
            faces=self.faces,
            people=People(),
            kiosks=Kiosks(),
            decisions=self.decisions,
            replies=self.replies,
            policy=Policy(),
            now=self.clock,
            sleep=self.clock.sleep,
        )


def job(**changes):
    fields = {
        "recognition_id": "r-1",
        "kiosk_id": "kiosk-1",
        "door_id": "front-door",
        "frames": (InlineFrame(data=b"jpeg"),),
        "received_at": NOW,
        "deadline": NOW + timedelta(seconds=8),
        "reply_to": "https://replies",
    }
    return RecognizeJob(**(fields | changes))


MATCH = FaceMatch(face_id="ada-1", similarity=99.8)


def test_an_enrolled_person_is_let_in_recorded_and_answered():
    world = World(MATCH)
    decision = world.service.handle(job())
    assert (decision.outcome, decision.full_name) == (Outcome.GRANTED, "Ada Lovelace")
    assert world.decisions["r-1"] is decision
    assert world.replies == [("https://replies", decision)]


def test_a_frame_without_a_waiting_gateway_is_decided_without_a_reply():
    world = World(MATCH)
    assert world.service.handle(job(reply_to=None)).reason is DecisionReason.MATCH
    assert world.replies == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (NoFaceInImage("none"), DecisionReason.NO_FACE),
        (UnreadableImage("torn"), DecisionReason.INVALID_FRAME),
    ],
)
def test_a_picture_that_shows_nobody_is_denied_with_the_reason(error, reason):
    assert World(error=error).service.handle(job()).reason is reason


def test_a_late_frame_expires_without_being_searched():
    world = World(MATCH)
    world.clock.now = NOW + timedelta(seconds=8)
    assert world.service.handle(job()).reason is DecisionReason.EXPIRED
    assert world.faces.asked == []


def test_a_frame_that_expires_while_it_is_searched_lets_nobody_in():
    world = World(MATCH, takes=timedelta(seconds=9))
    assert world.service.handle(job()).reason is DecisionReason.EXPIRED


def test_the_same_message_twice_is_one_decision_and_the_first_one_stands():
    world = World(MATCH)
    first = world.service.handle(job())
    world.faces.matches = []
    second = world.service.handle(job())
    assert second is first
    assert len(world.decisions) == 1
    assert [decision for _, decision in world.replies] == [first, first]


def test_a_frame_that_was_only_uploaded_finds_its_door_through_its_kiosk():
    assert World(MATCH).service.handle(job(door_id=None)).door_id == "front-door"


def test_a_frame_uploaded_for_an_unknown_kiosk_is_denied_without_being_searched():
    world = World(MATCH)
    decision = world.service.handle(job(door_id=None, kiosk_id="stranger"))
    assert decision.reason is DecisionReason.UNKNOWN_KIOSK
    assert world.faces.asked == []


@pytest.mark.parametrize(
    "error", [AwsUnavailable("throttled"), ImageOutOfReach("no right"), RuntimeError("bug")]
)
def test_anything_unexpected_denies_the_door_and_leaves_the_message_as_a_trace(error):
    world = World(error=error)
    with pytest.raises(RecognitionFailed, match=str(error)):
        world.service.handle(job())
    assert world.decisions["r-1"].reason is DecisionReason.INTERNAL_ERROR
    assert world.replies[0][1].outcome is Outcome.DENIED


def test_a_throttled_search_is_tried_again_while_the_frame_is_worth_it():
    world = World(MATCH, error=AwsUnavailable("throttled"), takes=timedelta(milliseconds=50))
    world.faces.fails = 10
    assert world.service.handle(job()).reason is DecisionReason.MATCH
    assert len(world.faces.asked) == 11


def test_a_search_that_stays_throttled_is_given_up_before_the_deadline():
    world = World(MATCH, error=AwsUnavailable("throttled"), takes=timedelta(milliseconds=50))
    with pytest.raises(RecognitionFailed, match="throttled"):
        world.service.handle(job())
    assert world.clock.now <= NOW + timedelta(seconds=8.1)
    assert world.decisions["r-1"].reason is DecisionReason.INTERNAL_ERROR


def test_a_denied_decision_names_nobody():
    decision = World(FaceMatch(face_id="ada-1", similarity=60)).service.handle(job())
    assert (decision.full_name, decision.person_id, decision.similarity) == (None, None, 60)


def test_the_decision_says_how_long_each_step_took():
    assert set(World(MATCH).service.handle(job()).timings_ms) == {"queue_ms", "search_ms", "people_ms"}
