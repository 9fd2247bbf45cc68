"""A recognize worker whose AWS is in memory and whose clock is turned by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from services.access.changes import configuration_of
from services.access.current import CurrentRules
from services.contracts.access import EVERYONE, AccessState, Door, Found, Rule, Zone
from services.contracts.domain import FaceMatch, Person, PersonStatus, UserMatch
from services.contracts.kiosks import Kiosk
from services.contracts.messages import InlineFrame, RecognizeJob
from services.operations.measures import Measures
from services.operations.tally import Tally
from services.recognize.policy import Policy
from services.recognize.search import SearchKind
from services.recognize.service import RecognizeService

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ADA = Person(person_id="ada", full_name="Ada Lovelace", created_at=NOW)
GRACE = Person(person_id="grace", full_name="Grace Hopper", created_at=NOW)
DORA = Person(person_id="dora", full_name="Dora Off", status=PersonStatus.DISABLED, created_at=NOW)
KIOSK = Kiosk(kiosk_id="kiosk-1", door_id="front-door", token_sha256="0" * 64, created_at=NOW)

HOUSE = (
    Zone(zone_id="house", name="House"),
    Door(door_id="front-door", name="Front door", zone_id="house"),
    Rule(rule_id="always", name="Everyone, always", groups=(EVERYONE,), zones=("house",)),
)

PEOPLE = {person.person_id: person for person in (ADA, GRACE, DORA)}


class Faces:
    """Finds what `shows` says of a frame's content, and the same matches in every other."""

    def __init__(self, clock, matches, error, takes):
        self.clock, self.matches, self.error, self.takes = clock, list(matches), error, takes
        self.shows = {}
        self.fails = 1_000_000
        self.asked = []
        self.kinds = []

    def search(self, image, threshold):
        return self._found(FaceMatch, image, threshold)

    def search_users(self, image, threshold):
        return self._found(UserMatch, image, threshold)

    def _found(self, kind, image, threshold):
        self.asked.append((image, threshold))
        self.kinds.append(kind)
        self.clock.now += self.takes
        if self.error and len(self.asked) <= self.fails:
            raise self.error
        found = self.shows.get(image.data, self.matches)
        if isinstance(found, Exception):
            raise found
        return [match for match in found if isinstance(match, kind) and match.similarity >= threshold]


class People:
    """Ada, Grace and Dora; a face belongs to the one whose id its own begins with."""

    def __init__(self, clock):
        self.clock, self.takes = clock, timedelta()
        self.asked = []
        self.errors = []
        self.enrolled = dict(PEOPLE)
        self.state = AccessState(version=1)

    def people(self, person_ids):
        self._read(set(person_ids))
        people = {
            person_id: self.enrolled[person_id] for person_id in person_ids if person_id in self.enrolled
        }
        return Found(people, self.state)

    def people_by_face(self, matches, known):
        face_ids = {match.face_id for match in matches}
        self._read((face_ids, {person.person_id for person in known}))
        owners = {face_id: face_id.partition("-")[0] for face_id in face_ids}
        people = {face: self.enrolled[owner] for face, owner in owners.items() if owner in self.enrolled}
        return Found(people, self.state)

    def _read(self, keys):
        self.asked.append(keys)
        self.clock.now += self.takes
        if self.errors:
            raise self.errors.pop()


class Rules:
    def __init__(self, people):
        self.people, self.configuration = people, configuration_of(1, HOUSE)
        self.loads = self.asked = 0
        self.errors = []

    def state(self):
        self.asked += 1
        return self.people.state

    def load(self):
        if self.errors:
            raise self.errors.pop()
        self.loads += 1
        return self.configuration


class Kiosks:
    def __init__(self):
        self.standing = KIOSK

    def get(self, kiosk_id):
        return self.standing if kiosk_id == self.standing.kiosk_id else None


class Decisions(dict):
    def record(self, decision):
        return self.setdefault(decision.recognition_id, decision) is decision


class Replies(list):
    def send(self, queue_url, reply):
        self.append((queue_url, reply.decision))


class Doors(list):
    """The recognitions for which a door was opened, in turn."""

    def granted(self, decision):
        self.append(decision.recognition_id)


class DeniedFrames(list):
    """The recognitions whose frames were kept, and how many."""

    def __init__(self):
        super().__init__()
        self.error = None

    def keep(self, decision, frames):
        if self.error:
            raise self.error
        self.append((decision.recognition_id, len(frames)))


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now

    def seconds(self):
        return self.now.timestamp()

    def sleep(self, seconds):
        self.now += timedelta(seconds=seconds)


class World:
    def __init__(self, *matches, search=SearchKind.FACES, error=None, takes=timedelta()):
        self.clock = Clock()
        self.faces = Faces(self.clock, matches, error, takes)
        self.people = People(self.clock)
        self.decisions, self.replies, self.doors = Decisions(), Replies(), Doors()
        self.rules, self.denied_frames = Rules(self.people), DeniedFrames()
        self.kiosks = Kiosks()
        self.tally = Tally()
        self.service = RecognizeService(
            faces=self.faces,
            people=self.people,
            kiosks=self.kiosks,
            decisions=self.decisions,
            replies=self.replies,
            rules=CurrentRules(self.rules, self.clock.seconds),
            doors=self.doors,
            policy=Policy(),
            search=search,
            measures=Measures(self.tally),
            denied_frames=self.denied_frames,
            now=self.clock,
            sleep=self.clock.sleep,
        )

    def configure(self, *records):
        """Change the house's rules, as an operator does."""
        version = self.people.state.version + 1
        self.rules.configuration = configuration_of(version, [*HOUSE, *records])
        self.people.state = replace(self.people.state, version=version)


def job(*pictures, **changes):
    fields = {
        "recognition_id": "r-1",
        "kiosk_id": "kiosk-1",
        "door_id": "front-door",
        "frames": [InlineFrame(data=picture) for picture in pictures or [b"jpeg"]],
        "received_at": NOW,
        "deadline": NOW + timedelta(seconds=8),
        "reply_to": "https://replies",
    }
    return RecognizeJob(**(fields | changes))


def match(face_id, similarity=99.8, user_id=None):
    return FaceMatch(face_id=face_id, similarity=similarity, user_id=user_id)


def user(person_id, similarity=99.8):
    return UserMatch(person_id=person_id, similarity=similarity)
