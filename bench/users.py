"""What several photos of a person are worth: searched as one user, and face by face.

``FACEGATE_FACES=folder python -m bench.users``. The worker's own policy decides; the embedded Rekognition's
engine compares and its collections are searched. In each draw so many photos of everybody, chosen at random,
are enrolled and associated with a user; then everybody shows each of their other photos, once enrolled and
once as a stranger to the others. Prints a table, and JSON as its last line.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from bench.agreement import Shown, look, poor_frame
from bench.engine.photos import DEFAULT_PACK
from localaws.rekognition.collections import FaceCollections, NewFace, RelativeBox
from localaws.rekognition.engine import FaceEngine, Floats
from services.contracts.domain import Person
from services.contracts.reasons import Outcome
from services.recognize.policy import PersonMatch, Policy, decide
from services.recognize.search import SearchKind

_PHOTOS = (1, 3, 5)
_KINDS = (SearchKind.FACES, SearchKind.USERS)
_THRESHOLDS = (80.0, 90.0, 95.0, 99.0, 99.9)
_DRAWS = 20
_NOW = datetime.now(UTC)
_BOX = RelativeBox(0.25, 0.25, 0.5, 0.5)
_ANY, _ALL = -1.0, 100


def measure(
    engine: FaceEngine, shown: Sequence[Shown], photos: int, rng: np.random.Generator
) -> dict[tuple[SearchKind, float], Counter[str]]:
    """Count how visits ended, by what was searched and by threshold: let in, as another, strangers in."""
    counts = {(kind, threshold): Counter[str]() for kind in _KINDS for threshold in _THRESHOLDS}
    for _ in range(_DRAWS):
        with tempfile.TemporaryDirectory() as directory:
            collections = FaceCollections(Path(directory), "bench", engine.dimension)
            enrolled = _enroll(collections, shown, photos, rng)
            for photo in shown:
                if (photo.person, photo.number) not in enrolled:
                    _visit(engine, collections, photo, counts)
            collections.close()
    return counts


def _enroll(
    collections: FaceCollections, shown: Sequence[Shown], photos: int, rng: np.random.Generator
) -> set[tuple[str, int]]:
    collections.create("people", {})
    chosen: set[tuple[str, int]] = set()
    for person in sorted({photo.person for photo in shown}):
        own = [photo for photo in shown if photo.person == person]
        drawn = [own[index] for index in rng.choice(len(own), photos, replace=False)]
        collections.create_user("people", person)
        for photo in drawn:
            file = f"{person} {photo.number}".encode()
            faces = [NewFace(_BOX, 99.9, photo.enrolled)]
            [face] = collections.add_faces("people", file, person, faces)
            collections.associate_faces("people", person, [face.face_id], _ANY)
        chosen |= {(person, photo.number) for photo in drawn}
    return chosen


def _visit(
    engine: FaceEngine,
    collections: FaceCollections,
    photo: Shown,
    counts: dict[tuple[SearchKind, float], Counter[str]],
) -> None:
    for (kind, threshold), count in counts.items():
        count["visits"] += 1
        matches = [] if photo.probe is None else list(_matches(engine, collections, kind, photo.probe))
        policy = Policy(threshold)
        verdict = decide(matches, policy)
        if verdict.reason.outcome is Outcome.GRANTED and verdict.person:
            count["right" if verdict.person.person_id == photo.person else "as another"] += 1
        others = [match for match in matches if match.person.person_id != photo.person]
        count["strangers in"] += decide(others, policy).reason.outcome is Outcome.GRANTED


def _matches(
    engine: FaceEngine, collections: FaceCollections, kind: SearchKind, probe: Floats
) -> Iterable[PersonMatch]:
    if kind is SearchKind.USERS:
        for user in collections.search_users("people", probe, _ALL, _ANY):
            yield PersonMatch(_person(user.user_id), engine.similarity(user.cosine))
    else:
        for match in collections.search("people", probe, _ALL, _ANY):
            face = match.face
            yield PersonMatch(_person(face.external_image_id), engine.similarity(match.cosine), face.face_id)


def _person(person_id: str | None) -> Person:
    name = person_id or "nobody"
    return Person(person_id=name, full_name=name, created_at=_NOW)


def main() -> None:
    """Measure and print."""
    engine = FaceEngine.load(DEFAULT_PACK)
    rng = np.random.default_rng(1)
    results: dict[str, dict[str, float]] = {}
    print("frames   photos searched threshold enrolled in as another strangers in")
    for quality, spoil in (("as taken", lambda picture: picture), ("poor", lambda it: poor_frame(it, rng))):
        shown = look(engine, spoil)
        for photos in _PHOTOS:
            for (kind, threshold), count in measure(engine, shown, photos, rng).items():
                names = ("right", "as another", "strangers in")
                rates = {name: 100 * count[name] / count["visits"] for name in names}
                results[f"{quality}, {photos}, {kind.value}, {threshold:g}"] = {
                    name: round(rate, 3) for name, rate in rates.items()
                }
                print(
                    f"{quality:8} {photos:6} {kind.value:8} {threshold:9g} {rates['right']:10.2f}%"
                    f" {rates['as another']:9.2f}% {rates['strangers in']:11.2f}%"
                )
    print(json.dumps(results))


if __name__ == "__main__":
    main()
