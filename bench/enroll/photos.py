"""Photos as people enrol them: with the pixels, the grain and the bytes of a telephone's."""

import os
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path

from PIL import Image, ImageChops, ImageEnhance, ImageOps

from cli.portraits import eileen_collins, grace_hopper

#: A 12-megapixel telephone writes 3 to 5 MB: so much grain makes JPEGs of 3 MB.
_GRAIN, _QUALITY = 10, 88
_PLAIN = (110, 112, 118)
#: Under so many names each of the two portraits is enrolled.
_PARTS = "abcde"


def make_photos(folder: Path, size: tuple[int, int], number: int, *, seed: str = "") -> list[Path]:
    """Write photos into a folder a person, as `facegate enroll` takes them; each is another picture.

    The people are those of ``FACEGATE_FACES`` where it is set, else two portraits that packages ship, each
    under several names. A photo shows one of the person's pictures at another place, in another light, with
    grain of its own.

    Parameters
    ----------
    size : (int, int)
        Width and height, pixels.
    seed : str
        Another one makes other photos; the same one the same, in every run.
    """
    people = _people()
    names = sorted(people)
    tasks = [
        (folder / name / f"{position:04}.jpg", people[name][position // len(names) % len(people[name])])
        for position in range(number)
        for name in [names[position % len(names)]]
    ]
    for name in names:
        (folder / name).mkdir(parents=True)
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return list(pool.map(partial(_write, size, seed), tasks, chunksize=8))


def without_duplicates() -> dict[str, str]:
    """Return what the worker must be told for such photos to be enrolled: that portraits may resemble."""
    return {} if os.environ.get("FACEGATE_FACES") else {"FACEGATE_ENROLL_DUPLICATE_THRESHOLD": "100"}


def make_thumbnails(folder: Path, people: int, each: int) -> None:
    """Write pictures too small to be enrolled, all different: jobs that end as soon as they are looked at."""
    for person in range(people):
        place = folder / f"Person_Number_{_in_letters(person)}"
        place.mkdir(parents=True)
        for number in range(each):
            colour = person * each + number
            picture = Image.new("RGB", (16, 16), (colour >> 8, 16 * (colour >> 4 & 15), 16 * (colour & 15)))
            picture.save(place / f"{number:04}.png")


def _in_letters(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def _people() -> dict[str, Sequence[Path]]:
    folder = os.environ.get("FACEGATE_FACES")
    if not folder:
        # a user of Rekognition has a hundred faces at most
        portraits = {"Grace_Hopper": grace_hopper(), "Eileen_Collins": eileen_collins()}
        return {f"{name}_{part}": [file] for name, file in portraits.items() for part in _PARTS}
    return {path.name: sorted(path.glob("*.jpg")) for path in Path(folder).iterdir() if path.is_dir()}


def _write(size: tuple[int, int], seed: str, task: tuple[Path, Path]) -> Path:
    place, portrait = task
    chance = random.Random(f"{seed}{place.name}")  # noqa: S311  # no secret, but the same photos in every run
    photo = Image.new("RGB", size, _PLAIN)
    with Image.open(portrait) as picture:
        person = ImageEnhance.Brightness(picture.convert("RGB")).enhance(chance.uniform(0.9, 1.1))
    if chance.random() < 0.5:
        person = ImageOps.mirror(person)
    height = round(size[1] * chance.uniform(0.6, 0.95))
    person = person.resize((round(person.width * height / person.height), height))
    slack = (size[0] - person.width, size[1] - height)
    photo.paste(person, (round(slack[0] * chance.uniform(0.35, 0.65)), slack[1]))
    at = (chance.randrange(256), chance.randrange(256))
    grain = _grain(size).crop((*at, at[0] + size[0], at[1] + size[1]))
    # the grain is around 128: added, and 128 taken away
    ImageChops.add(photo, grain, offset=-128).save(place, "JPEG", quality=_QUALITY)
    return place


@cache
def _grain(size: tuple[int, int]) -> Image.Image:
    layers: Iterator[Image.Image] = (
        Image.effect_noise((size[0] + 256, size[1] + 256), _GRAIN) for _ in range(3)
    )
    return Image.merge("RGB", list(layers))
