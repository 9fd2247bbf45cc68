"""The picture sheet: one HTML file with everything in it, the worst first."""

from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image, ImageDraw

from cli.dataset.analysis import Findings, FoundFace, LookedAt, Mislabelled, SamePerson
from cli.dataset.photos import LabelledFolder
from services.batches.photo import read_photo
from services.enroll.preprocessing import PhotoLimits, normalize

_THUMBNAIL_SIDE = 180
_THUMBNAIL_QUALITY = 80
_FACE_COLOUR, _OTHER_FACE_COLOUR = "#39d353", "#ff9f1c"
#: Of each kind; the JSON file has them all.
_MOST_CARDS = 60
#: Every photo has a rank in sharpness and pose; few are bad.
_WORST = 12


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo on the sheet.

    Attributes
    ----------
    source : str, optional
        A data URI; None if there is nothing to show.
    """

    file: str
    caption: str
    source: str | None


@dataclass(frozen=True, slots=True)
class Card:
    """Pictures that belong together."""

    title: str
    pictures: Sequence[Picture]


@dataclass(frozen=True, slots=True)
class Section:
    """One kind of finding.

    Attributes
    ----------
    total : int
        How many there are; `cards` may show fewer.
    """

    title: str
    explanation: str
    total: int
    cards: Sequence[Card]


def render_sheet(folder: LabelledFolder, findings: Findings, max_pixels: int) -> str:
    """Draw the sheet.

    Parameters
    ----------
    max_pixels : int
        Of a photo, as enrollment takes it.

    Returns
    -------
    str
        HTML that loads nothing from anywhere. It shows faces: treat it as you treat the photos.
    """
    environment = Environment(
        loader=PackageLoader("cli.dataset", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("sheet.html").render(
        folder=folder.folder.resolve().name,
        findings=findings,
        sections=[section for section in _Sections(folder, findings, max_pixels).all() if section.total],
    )


class _Sections:
    def __init__(self, folder: LabelledFolder, findings: Findings, max_pixels: int) -> None:
        self._folder = folder
        self._findings = findings
        self._limits = PhotoLimits(max_pixels, _THUMBNAIL_SIDE)
        self._photos = {photo.file: photo for photo in findings.photos}

    def all(self) -> Iterator[Section]:
        findings = self._findings
        yield Section(
            "Likely mislabelled",
            "Each photo resembles another person more than its own.",
            len(findings.mislabelled),
            [self._mislabelled(found) for found in findings.mislabelled[:_MOST_CARDS]],
        )
        yield Section(
            "People who look like one",
            "More than half of the pairs of their photos resemble each other.",
            len(findings.same_person),
            [self._same_person(pair) for pair in findings.same_person[:_MOST_CARDS]],
        )
        yield self._single(
            "Unlike their own",
            f"They resemble no other photo, their person's included, at {findings.threshold:g} %.",
            findings.unlike,
        )
        for reason, photos in findings.refused.items():
            yield self._single(
                f"Would be refused: {reason.value.replace('_', ' ')}",
                reason.sentence,
                photos,
                lambda photo: photo.refusal.detail if photo.refusal else "",
            )
        yield Section(
            "The same file more than once",
            "A copy tells Rekognition nothing new; under two names, one of them is wrong.",
            len(findings.copies),
            [
                Card(
                    f"{len(files)} copies", [self._picture(file, self._photos[file].person) for file in files]
                )
                for files in findings.copies[:_MOST_CARDS]
            ],
        )
        yield self._ranked(
            "Least sharp", findings.blurred_first, lambda face: f"sharpness {face.sharpness:.0f}"
        )
        yield self._ranked("Turned away most", findings.turned_first, lambda face: f"{face.turn:.0f} degrees")

    def _mislabelled(self, found: Mislabelled) -> Card:
        similarity = found.own_similarity
        own = f"under {self._findings.threshold:g} %" if similarity is None else f"{similarity:.1f} %"
        return Card(
            f"{found.person}, or {found.like}?",
            [
                self._picture(found.file, f"said to be {found.person}"),
                self._picture(found.like_file, f"{found.like}: {found.like_similarity:.1f} %"),
                self._picture(found.own_file, f"{found.person}: {own}"),
            ],
        )

    def _same_person(self, pair: SamePerson) -> Card:
        one, other = pair.people
        return Card(
            f"{one} and {other}: {pair.share:.0%} of the pairs",
            [
                self._picture(pair.files[0], one),
                self._picture(pair.files[1], f"{other}: {pair.similarity:.1f} %"),
            ],
        )

    def _single(
        self,
        title: str,
        explanation: str,
        photos: Sequence[LookedAt],
        caption: Callable[[LookedAt], str] = lambda _: "",
    ) -> Section:
        cards = [
            Card(photo.person, [self._picture(photo.file, caption(photo))]) for photo in photos[:_MOST_CARDS]
        ]
        return Section(title, explanation, len(photos), cards)

    def _ranked(self, title: str, photos: Sequence[LookedAt], caption: Callable[[FoundFace], str]) -> Section:
        worst = photos[:_WORST]
        return self._single(
            title, "The worst of all faces.", worst, lambda photo: caption(photo.face) if photo.face else ""
        )

    def _picture(self, file: str, caption: str) -> Picture:
        photo = self._photos[file]
        return Picture(file, caption, self._thumbnail(photo) if photo.size else None)

    def _thumbnail(self, photo: LookedAt) -> str:
        data = read_photo(self._folder.photos[photo.file].photo)
        small = Image.open(BytesIO(normalize(data, self._limits).jpeg)).convert("RGB")
        draw = ImageDraw.Draw(small)
        boxes = [(other, _OTHER_FACE_COLOUR) for other in photo.others]
        if photo.face:
            boxes.append((photo.face.box, _FACE_COLOUR))
        for box, colour in boxes:
            corners = (box.left, box.top, box.left + box.width, box.top + box.height)
            draw.rectangle(
                [share * side for share, side in zip(corners, small.size * 2, strict=True)], None, colour
            )
        encoded = BytesIO()
        small.save(encoded, "JPEG", quality=_THUMBNAIL_QUALITY)
        return f"data:image/jpeg;base64,{b64encode(encoded.getvalue()).decode()}"
