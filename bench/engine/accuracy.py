"""How well the model packs tell people apart, on the photos of FACEGATE_FACES.

Verification
    The vectors of all photos are compared in all pairs. TAR at a FAR is the part of genuine pairs above
    the smallest cosine that at most this part of the impostor pairs exceeds; with 4,500 impostor pairs
    a FAR of 1e-4 means that none does.
Extrapolation
    A gallery of N strangers makes N impostor comparisons a visitor: FPIR = 1 - (1 - FAR)^N, taking them
    for independent. A FAR that small is not measured but extrapolated: beyond the cosine that 2 % of the
    impostor pairs exceed, an exponential is fitted to the excesses (peaks over threshold, Coles 2001,
    with shape 0, which is careful: a cosine is bounded, an exponential is not).
Users
    A user's vector is the mean of three photos' vectors, brought to length 1; the other photos are
    compared with it, and with the first of the three alone, over 200 draws of the three.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.engine.photos import MODELS, Photo, load_photos
from cli.portraits import cat
from localaws.rekognition.engine import FaceEngine, decode_image
from localaws.rekognition.engine.packs.preparation import prepare_pack

THRESHOLDS = (80.0, 90.0, 95.0, 99.0, 99.9)
GALLERIES = (100, 1_000, 10_000, 100_000)

#: Part of the impostor pairs that the tail is fitted to.
_TAIL = 0.02

_DRAWS = 200
_PHOTOS_OF_A_USER = 3
_DARKNESS = 0.15

_Scores = npt.NDArray[np.float64]


def run() -> dict[str, float]:
    """Measure the packs default and dlib; figures of dlib have its name in front.

    Returns
    -------
    dict of str to float
        ``auc``, ``tar_1e3``, ``tar_1e4``; of ``photos``: ``detected``, ``detected_dark`` (at 15 %
        brightness); ``cat_faces``; for each threshold T ``cosine_T``, ``far_T``, ``frr_T`` and, by the
        size N of the gallery, ``fpir_T_N``; ``single_tar_1e4`` and ``user_tar_1e4``.
    """
    photos = load_photos()
    figures: dict[str, float] = {"photos": len(photos), "people": len({photo.person for photo in photos})}
    for pack, prefix in (("default", ""), ("dlib", "dlib_")):
        print(f"accuracy: {pack}", file=sys.stderr)
        prepare_pack(MODELS / pack, pack, lambda sentence: print(sentence, file=sys.stderr))
        measured = _measure_pack(MODELS / pack, photos)
        figures |= {f"{prefix}{name}": value for name, value in measured.items()}
    return figures


def _measure_pack(pack_dir: Path, photos: list[Photo]) -> dict[str, float]:
    engine = FaceEngine.load(pack_dir)
    pictures = [decode_image(photo.data) for photo in photos]
    faces = [engine.analyze(picture) for picture in pictures]
    shown = [index for index, found in enumerate(faces) if found]
    vectors = np.array([faces[index][0].embedding.vector for index in shown], np.float64)
    people = np.array([photos[index].person for index in shown])
    genuine, impostor = all_pairs(vectors, people)
    figures: dict[str, float] = {
        "detected": len(shown),
        "detected_dark": sum(
            bool(engine.analyze((picture * _DARKNESS).astype(np.uint8))) for picture in pictures
        ),
        "cat_faces": len(engine.analyze(decode_image(cat().read_bytes()))),
        "genuine_pairs": len(genuine),
        "impostor_pairs": len(impostor),
        "auc": area_under_curve(genuine, impostor),
        "tar_1e3": true_accept_rate(genuine, impostor, 1e-3),
        "tar_1e4": true_accept_rate(genuine, impostor, 1e-4),
        "highest_impostor_cosine": float(impostor.max()),
    }
    for threshold in THRESHOLDS:
        cosine = engine.cosine(threshold)
        far = extrapolated_false_accept_rate(impostor, cosine)
        figures |= {
            f"cosine_{threshold:g}": cosine,
            f"far_{threshold:g}": float((impostor >= cosine).mean()),
            f"frr_{threshold:g}": float((genuine < cosine).mean()),
            f"far_extrapolated_{threshold:g}": far,
            **{f"fpir_{threshold:g}_{size}": float(-np.expm1(size * np.log1p(-far))) for size in GALLERIES},
        }
    return figures | _measure_users(vectors, people)


def all_pairs(vectors: _Scores, people: npt.NDArray[Any]) -> tuple[_Scores, _Scores]:
    """Return the cosines of all genuine and of all impostor pairs of unit vectors (n, dimension)."""
    pairs = np.triu_indices(len(people), 1)
    cosines = (vectors @ vectors.T)[pairs]
    same = (people[:, None] == people)[pairs]
    return cosines[same], cosines[~same]


def area_under_curve(genuine: _Scores, impostor: _Scores) -> float:
    """Return the chance that a genuine pair is more alike than an impostor pair."""
    ordered = np.sort(impostor)
    below = np.searchsorted(ordered, genuine, "left") + np.searchsorted(ordered, genuine, "right")
    return float(below.mean() / (2 * len(ordered)))


def true_accept_rate(genuine: _Scores, impostor: _Scores, false_accept_rate: float) -> float:
    """Return the part of genuine pairs accepted where at most `false_accept_rate` of the others is."""
    allowed = int(false_accept_rate * len(impostor))
    bar = np.sort(impostor)[::-1][allowed]
    return float((genuine > bar).mean())


def extrapolated_false_accept_rate(impostor: _Scores, cosine: float) -> float:
    """Return the part of impostor pairs beyond a cosine: counted in the body, fitted in the tail."""
    start = float(np.quantile(impostor, 1 - _TAIL))
    if cosine <= start:
        return float((impostor >= cosine).mean())
    mean_excess = float((impostor[impostor > start] - start).mean())
    return _TAIL * float(np.exp(-(cosine - start) / mean_excess))


def _measure_users(vectors: _Scores, people: npt.NDArray[Any]) -> dict[str, float]:
    rng = np.random.default_rng(3)
    scores: dict[str, list[_Scores]] = {"user": [], "single": [], "user other": [], "single other": []}
    for _ in range(_DRAWS):
        for person in np.unique(people):
            own = rng.permutation(np.flatnonzero(people == person))
            mean = vectors[own[:_PHOTOS_OF_A_USER]].mean(axis=0)
            rest, others = vectors[own[_PHOTOS_OF_A_USER:]], vectors[people != person]
            for name, reference in (("user", mean / np.linalg.norm(mean)), ("single", vectors[own[0]])):
                scores[name].append(rest @ reference)
                scores[f"{name} other"].append(others @ reference)
    return {
        f"{name}_tar_1e4": true_accept_rate(
            np.concatenate(scores[name]), np.concatenate(scores[f"{name} other"]), 1e-4
        )
        for name in ("user", "single")
    }
