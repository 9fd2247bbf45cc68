"""An ONNX model of a pack, run on one thread."""
# onnxruntime ships no type hints for its compiled half.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from pathlib import Path
from typing import cast

import onnxruntime as ort

from localaws.rekognition.engine.types import Floats


class OnnxModel:
    """One input, one or several outputs, all float32; may be run by several threads at a time."""

    def __init__(self, path: Path) -> None:
        options = ort.SessionOptions()
        # A second thread would spin between runs and starve the caller's own arithmetic.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._input: str = self._session.get_inputs()[0].name

    def run(self, blob: Floats) -> list[Floats]:
        """Return the outputs, in the model's order, for a blob (batch, channels, height, width)."""
        return cast("list[Floats]", self._session.run(None, {self._input: blob}))
