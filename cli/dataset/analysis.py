"""What the photos of a folder tell about themselves and each other. Pure.

Whether a photo shows whom it says is judged by counting: with how many of its own person's other photos,
and with how many of another person's, does it reach the threshold? Counts bear several wrong photos
in one folder, and photos that resemble each other by chance, better than the highest similarity does.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from services.contracts.domain import ENOUGH_PHOTOS
from services.contracts.reasons import RejectionReason
from services.enroll.quality import Refusal

#: Which other files a photo resembles at or above the threshold, and how much, in percent.
Resemblances = Mapping[str, Mapping[str, float]]
#: Two people of whose photo pairs more than this share resemble each other are one person.
_SAME_PERSON_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Box:
    """A face's place, as shares of the picture's width and height."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class FoundFace:
    """A photo's most prominent face.

    Attributes
    ----------
    side : float
        Smaller side of its box, in pixels of the picture as Rekognition was given it.
    sharpness, brightness : float
        Rekognition's Quality, 0 to 100.
    turn : float
        How far it is turned from the camera, sideways or up and down, in degrees.
    """

    face_id: str
    box: Box
    side: float
    sharpness: float
    brightness: float
    turn: float


@dataclass(frozen=True, slots=True)
class LookedAt:
    """A photo, whom it is said to show, and what was seen in it.

    Attributes
    ----------
    sha256, size : str, (int, int), optional
        Of the file; of the picture, in pixels. None where it could not be read.
    others : tuple of Box
        Further faces.
    refusal : Refusal, optional
        Why enrollment would not take it.
    """

    file: str
    person: str
    sha256: str | None = None
    size: tuple[int, int] | None = None
    face: FoundFace | None = None
    others: tuple[Box, ...] = ()
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Mislabelled:
    """A photo that resembles another person more than its own.

    Attributes
    ----------
    like : str
        The other person.
    like_file, like_similarity : str, float
        The other person's photo that it resembles most.
    own_file : str
        A photo of its own person, for comparison: the most similar, or any.
    own_similarity : float, optional
        None if it is below the threshold.
    """

    file: str
    person: str
    like: str
    like_file: str
    like_similarity: float
    own_file: str
    own_similarity: float | None


@dataclass(frozen=True, slots=True)
class SamePerson:
    """Two people who look like one.

    Attributes
    ----------
    share : float
        Of the pairs of their photos, how many reach the threshold; 0 to 1.
    similarity : float
        Of the most similar pair, `files`.
    """

    people: tuple[str, str]
    share: float
    similarity: float
    files: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Distribution:
    """How often which values occur.

    Attributes
    ----------
    counts : tuple of (str, int)
        A range of values in words, and how many faces are in it.
    """

    name: str
    counts: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Findings:
    """What is wrong with the photos of a folder; each list worst first.

    Attributes
    ----------
    threshold : float
        Similarity from which two photos count as of one person, in percent.
    unlike : tuple of LookedAt
        Photos that resemble neither their own person's other photos nor anybody else's.
    copies : tuple of tuple of str
        Files with the same content.
    """

    threshold: float
    photos: tuple[LookedAt, ...]
    mislabelled: tuple[Mislabelled, ...]
    same_person: tuple[SamePerson, ...]
    unlike: tuple[LookedAt, ...]
    copies: tuple[tuple[str, ...], ...]

    @cached_property
    def usable(self) -> Mapping[str, int]:
        """How many photos that enrollment would take each person has, fewest first."""
        counts = Counter({photo.person: 0 for photo in self.photos})
        counts.update(photo.person for photo in self.photos if photo.refusal is None)
        return dict(sorted(counts.items(), key=lambda item: (item[1], item[0])))

    @cached_property
    def refused(self) -> Mapping[RejectionReason, Sequence[LookedAt]]:
        """The photos that enrollment would not take, by reason."""
        found: defaultdict[RejectionReason, list[LookedAt]] = defaultdict(list)
        for photo in self.photos:
            if photo.refusal is not None:
                found[photo.refusal.reason].append(photo)
        return {reason: found[reason] for reason in RejectionReason if reason in found}

    @property
    def too_few(self) -> Mapping[str, int]:
        """People with fewer usable photos than recognition wants, and how many they have."""
        return {person: count for person, count in self.usable.items() if count < ENOUGH_PHOTOS}

    @property
    def blurred_first(self) -> Sequence[LookedAt]:
        """Photos with a face, the least sharp first."""
        return _sorted_by(self.photos, lambda face: face.sharpness)

    @property
    def turned_first(self) -> Sequence[LookedAt]:
        """Photos with a face, the one turned away most first."""
        return _sorted_by(self.photos, lambda face: -face.turn)

    @property
    def distributions(self) -> Sequence[Distribution]:
        """Sharpness, brightness, size and pose of the faces."""
        faces = [photo.face for photo in self.photos if photo.face]
        percent = range(10, 100, 10)
        return [
            distribution("sharpness", [face.sharpness for face in faces], percent),
            distribution("brightness", [face.brightness for face in faces], percent),
            distribution("side, pixels", [face.side for face in faces], (40, 80, 120, 160, 240, 320, 480)),
            distribution("turned, degrees", [face.turn for face in faces], (5, 10, 15, 20, 30, 45)),
        ]


def analyse(photos: Sequence[LookedAt], resemblances: Resemblances, threshold: float) -> Findings:
    """Find what is wrong.

    Parameters
    ----------
    resemblances : mapping
        Of every photo with a face, the other files at or above the threshold. A pair may stand at
        either file or at both.
    threshold : float
        Percent.
    """
    pairs = _Pairs(photos, resemblances)
    same = pairs.same_people()
    one_person = {frozenset(pair.people) for pair in same}
    with_face = [photo for photo in photos if photo.face]
    mislabelled = [found for photo in with_face if (found := pairs.mislabelled(photo, one_person))]
    copies: defaultdict[str, list[str]] = defaultdict(list)
    for photo in photos:
        if photo.sha256:
            copies[photo.sha256].append(photo.file)
    return Findings(
        threshold=threshold,
        photos=tuple(photos),
        mislabelled=tuple(sorted(mislabelled, key=lambda found: -found.like_similarity)),
        same_person=tuple(sorted(same, key=lambda found: (-found.share, found.people))),
        unlike=tuple(photo for photo in with_face if pairs.resembles_nobody(photo)),
        copies=tuple(tuple(files) for files in copies.values() if len(files) > 1),
    )


def distribution(name: str, values: Iterable[float], limits: Sequence[float]) -> Distribution:
    """Count values between limits; a value on a limit belongs to the range that begins there."""
    counts = [0] * (len(limits) + 1)
    for value in values:
        counts[sum(value >= limit for limit in limits)] += 1
    words = [
        f"under {limits[0]:g}",
        *(f"{low:g} to {high:g}" for low, high in pairwise(limits)),
        f"{limits[-1]:g} and more",
    ]
    return Distribution(name, tuple(zip(words, counts, strict=True)))


class _Pairs:
    """Which photos resemble each other, by person."""

    def __init__(self, photos: Sequence[LookedAt], resemblances: Resemblances) -> None:
        self._person = {photo.file: photo.person for photo in photos if photo.face}
        self._files: defaultdict[str, list[str]] = defaultdict(list)
        for file, person in self._person.items():
            self._files[person].append(file)
        self._similar: defaultdict[str, dict[str, float]] = defaultdict(dict)
        for file, others in resemblances.items():
            for other, similarity in others.items():
                if file != other:
                    self._similar[file][other] = self._similar[other][file] = similarity

    def mislabelled(self, photo: LookedAt, one_person: set[frozenset[str]]) -> Mislabelled | None:
        """Judge a photo; of people who look like one, either name may be right, so nothing is said."""
        own = [file for file in self._files[photo.person] if file != photo.file]
        found = self._by_person(photo.file)
        mine = found.pop(photo.person, {})
        rivals = {
            person: similar
            for person, similar in found.items()
            if frozenset((person, photo.person)) not in one_person
        }
        if not own or not rivals:
            return None
        like = max(rivals, key=lambda person: (self._share(rivals, person), max(rivals[person].values())))
        if self._share(rivals, like) <= len(mine) / len(own):
            return None
        like_file = max(rivals[like], key=rivals[like].__getitem__)
        own_file = max(mine, key=mine.__getitem__) if mine else own[0]
        return Mislabelled(
            file=photo.file,
            person=photo.person,
            like=like,
            like_file=like_file,
            like_similarity=rivals[like][like_file],
            own_file=own_file,
            own_similarity=mine.get(own_file),
        )

    def same_people(self) -> list[SamePerson]:
        """Find people most of whose photos resemble most of another's."""
        across: defaultdict[tuple[str, str], dict[tuple[str, str], float]] = defaultdict(dict)
        for file, others in self._similar.items():
            for other, similarity in others.items():
                people = self._person[file], self._person[other]
                if people[0] < people[1]:
                    across[people][file, other] = similarity
        found: list[SamePerson] = []
        for people, pairs in across.items():
            share = len(pairs) / (len(self._files[people[0]]) * len(self._files[people[1]]))
            if share > _SAME_PERSON_SHARE:
                files = max(pairs, key=pairs.__getitem__)
                found.append(SamePerson(people, share, pairs[files], files))
        return found

    def resembles_nobody(self, photo: LookedAt) -> bool:
        """Whether a photo stands alone although its person has others, at least two of them."""
        return len(self._files[photo.person]) >= ENOUGH_PHOTOS and not self._similar.get(photo.file)

    def _share(self, found: Mapping[str, Mapping[str, float]], person: str) -> float:
        return len(found[person]) / len(self._files[person])

    def _by_person(self, file: str) -> dict[str, dict[str, float]]:
        people: defaultdict[str, dict[str, float]] = defaultdict(dict)
        for other, similarity in self._similar.get(file, {}).items():
            people[self._person[other]][other] = similarity
        return dict(people)


def _sorted_by(photos: Sequence[LookedAt], key: Callable[[FoundFace], float]) -> list[LookedAt]:
    faces = [(key(photo.face), photo) for photo in photos if photo.face]
    return [photo for _, photo in sorted(faces, key=lambda item: item[0])]
