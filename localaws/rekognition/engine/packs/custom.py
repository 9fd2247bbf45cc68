"""Checking that one's own recognition network is what its description says."""
# onnxruntime ships no type hints for its compiled half.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from localaws.rekognition.engine.errors import PackError
from localaws.rekognition.engine.packs.manifest import EmbeddingModel

_FLOAT = "tensor(float)"


def check_network(path: Path, model: EmbeddingModel) -> None:
    """Load a network and run it on noise.

    Raises
    ------
    PackError
        It is no ONNX model that runs, or its input or output is not as described.
    """
    try:  # ONNX Runtime has no common class for what it raises
        session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise PackError(f"{path} cannot be loaded: {error}") from error
    _check_input(path, session.get_inputs(), model)
    shape = (1, 3, model.size, model.size)
    noise = np.random.default_rng(0).uniform(-1, 1, (2, *shape)).astype(np.float32)
    try:
        vectors = [np.asarray(session.run(None, {session.get_inputs()[0].name: blob})[0]) for blob in noise]
    except Exception as error:
        raise PackError(f"{path} does not run on an input of shape {shape}: {error}") from error
    if vectors[0].shape != (1, model.dimension) or vectors[0].dtype != np.float32:
        raise PackError(
            f"{path} gives an output of shape {vectors[0].shape} and type {vectors[0].dtype}; "
            f"its description asks for (1, {model.dimension}), float32."
        )
    if not np.isfinite(vectors).all() or not all(vector.any() for vector in vectors):
        raise PackError(f"{path} gives vectors of no direction: zero, infinite or not numbers.")
    if np.array_equal(vectors[0], vectors[1]):
        raise PackError(f"{path} gives the same vector for different pictures.")


def _check_input(path: Path, inputs: Sequence[Any], model: EmbeddingModel) -> None:
    if len(inputs) != 1 or inputs[0].type != _FLOAT:
        found = ", ".join(f"{value.name}: {value.type}" for value in inputs)
        raise PackError(f"{path} needs one input of type {_FLOAT}; it has {found}.")
    wanted = (1, 3, model.size, model.size)
    shape = inputs[0].shape
    # Sides that a network leaves open are strings or None.
    fits = len(shape) == 4 and all(
        side == want for side, want in zip(shape, wanted, strict=True) if isinstance(side, int)
    )
    if not fits:
        raise PackError(f"{path} takes an input of shape {shape}; its description asks for {list(wanted)}.")
