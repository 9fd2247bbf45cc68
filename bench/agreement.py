"""What agreement across frames is worth: how often strangers and enrolled people are let in.

``FACEGATE_FACES=folder python -m bench.agreement``. The worker's own policy and agreement decide; the
embedded Rekognition's engine compares. Each person in turn stands at the door, once enrolled (with one photo)
and once not, and shows every choice of so many of their other photos; every photo is once the enrolled one.
Photos of different days are more independent than frames of one second, so this is the best that agreement
can do. Prints a table, and JSON as its last line.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from math import comb

import cv2
import numpy as np
import numpy.typing as npt

from bench.engine.photos import DEFAULT_PACK, load_photos
from localaws.rekognition.engine import FaceEngine, decode_image
from services.contracts.domain import Person
from services.contracts.reasons import DecisionReason, Outcome
from services.recognize.agreement import agree
from services.recognize.policy import PersonMatch, Policy, Verdict, decide

_THRESHOLDS = (80, 90, 95, 99)
_COUNTS = (1, 2, 3, 5)

_Pixels = npt.NDArray[np.uint8]
_Vector = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Shown:
    """One photo as the engine sees it; no vectors where it finds no face."""

    person: str
    number: int
    enrolled: _Vector
    probe: _Vector | None


@dataclass(frozen=True)
class Rates:
    """Percent of all visits that ended so."""

    strangers_let_in: float
    enrolled_let_in: float
    taken_for_another: float


def poor_frame(picture: _Pixels, rng: np.random.Generator) -> _Pixels:
    """Make of a photo what a bad camera sees: a third of the resolution, dark, moving, noisy."""
    height, width = picture.shape[:2]
    small = cv2.resize(picture, None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA)
    dim = cv2.resize(small, (width, height)) * rng.uniform(0.3, 1)
    length = int(rng.choice([1, 5, 9]))
    moved = cv2.blur(dim, (length, 1))
    return np.clip(moved + rng.normal(0, 8, moved.shape), 0, 255).astype(np.uint8)


def look(engine: FaceEngine, spoil: Callable[[_Pixels], _Pixels]) -> list[Shown]:
    """Take all photos in, and again as frames."""
    shown: list[Shown] = []
    for photo in load_photos():
        picture = decode_image(photo.data)
        number = sum(earlier.person == photo.person for earlier in shown)
        faces = engine.analyze(spoil(picture))
        probe = faces[0].embedding.vector if faces else None
        shown.append(Shown(photo.person, number, engine.analyze(picture)[0].embedding.vector, probe))
    return shown


def rates(engine: FaceEngine, shown: Sequence[Shown], threshold: float, count: int) -> Rates:
    """Let everybody visit with every choice of `count` of their photos."""
    policy = Policy(threshold)
    names = sorted({photo.person for photo in shown})
    let_in = {True: 0, False: 0}
    wrong = visits = 0
    for number in range(min(sum(photo.person == name for photo in shown) for name in names)):
        gallery = [photo for photo in shown if photo.number == number]
        for name in names:
            own = [photo for photo in shown if photo.person == name and photo.number != number]
            visits += comb(len(own), count)
            for enrolled in (True, False):
                known = [photo for photo in gallery if enrolled or photo.person != name]
                verdicts = [_verdict(engine, photo, known, policy) for photo in own]
                for choice in combinations(verdicts, count):
                    verdict = _told(choice)
                    if verdict.reason.outcome is Outcome.GRANTED:
                        let_in[enrolled] += 1
                        wrong += enrolled and verdict.person is not None and verdict.person.person_id != name
    return Rates(100 * let_in[False] / visits, 100 * (let_in[True] - wrong) / visits, 100 * wrong / visits)


def _verdict(engine: FaceEngine, frame: Shown, gallery: Sequence[Shown], policy: Policy) -> Verdict:
    if frame.probe is None:
        return Verdict(DecisionReason.NO_FACE)
    now = datetime.now(UTC)
    found = [
        PersonMatch(
            Person(person_id=known.person, full_name=known.person, created_at=now),
            engine.similarity(float(frame.probe @ known.enrolled)),
            face_id=known.person,
        )
        for known in gallery
    ]
    return decide([match for match in found if match.similarity >= policy.search_threshold], policy)


def _told(choice: Sequence[Verdict]) -> Verdict:
    """Look at one frame after the other, as the worker does."""
    looked_at = 0
    while (verdict := agree(choice[:looked_at], len(choice))) is None:
        looked_at += 1
    return verdict


def main() -> None:
    """Measure and print."""
    engine = FaceEngine.load(DEFAULT_PACK)
    rng = np.random.default_rng(1)
    results: dict[str, dict[str, float]] = {}
    print("frames   threshold sent strangers in enrolled in as another")
    for quality, spoil in (("as taken", lambda picture: picture), ("poor", lambda it: poor_frame(it, rng))):
        shown = look(engine, spoil)
        for threshold in _THRESHOLDS:
            for count in _COUNTS:
                measured = rates(engine, shown, threshold, count)
                results[f"{quality}, {threshold}, {count}"] = {
                    name: round(value, 3) for name, value in vars(measured).items()
                }
                print(
                    f"{quality:8} {threshold:9} {count:4} {measured.strangers_let_in:11.2f}%"
                    f" {measured.enrolled_let_in:10.2f}% {measured.taken_for_another:9.2f}%"
                )
    print(json.dumps(results))


if __name__ == "__main__":
    main()
