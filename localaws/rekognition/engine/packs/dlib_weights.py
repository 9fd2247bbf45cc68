"""Reading dlib's serialized face recognition network, without dlib.

Source of the format: dlib's ``serialize.h`` and ``dnn/layers.h`` (Boost licence).
Only the layers of the two face networks are known; the file's checksum is to be checked before.
"""

import math
import re
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from localaws.rekognition.engine.errors import PackError

Weights = npt.NDArray[np.float32]

#: Length-prefixed names with which dlib begins a layer's own data.
_LAYER = re.compile(rb"\x01[\x03-\x0f](con_4|affine_|max_pool_2|avg_pool_2|fc_2|relu_|add_prev_)")


@dataclass(frozen=True, slots=True)
class DlibLayer:
    """One layer, in the order of computation.

    Attributes
    ----------
    kind : str
        dlib's name: con_4, affine_, relu_, max_pool_2, avg_pool_2, add_prev_ or fc_2.
    weight : ndarray, optional
        con_4: (outputs, inputs, height, width); affine_: gains (channels,); fc_2: (inputs, outputs).
    bias : ndarray, optional
        con_4 and affine_: (outputs,).
    stride, padding : tuple of int
        con_4: vertical and horizontal.
    """

    kind: str
    weight: Weights = field(default_factory=lambda: np.empty(0, np.float32))
    bias: Weights = field(default_factory=lambda: np.empty(0, np.float32))
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def integer(self) -> int:
        """One byte of length and sign, then that many bytes, lowest first."""
        control = self.data[self.at] if self.at < len(self.data) else 0
        length = control & 0x0F
        if not 1 <= length <= 8:
            raise PackError(f"The dlib network is damaged at byte {self.at}.")
        value = int.from_bytes(self.data[self.at + 1 : self.at + 1 + length], "little")
        self.at += 1 + length
        return -value if control & 0x80 else value

    def integers(self, count: int) -> list[int]:
        return [self.integer() for _ in range(count)]

    def tensor(self) -> Weights:
        self._expect_version(2)
        shape = self.integers(4)
        if self.at + 4 * math.prod(shape) > len(self.data):
            raise PackError(f"The dlib network ends within the weights at byte {self.at}.")
        values = np.frombuffer(self.data, "<f4", math.prod(shape), self.at).astype(np.float32)
        self.at += 4 * values.size
        return values.reshape(shape)

    def alias(self) -> list[int]:
        """Shape of a part of a tensor."""
        self._expect_version(1)
        return self.integers(4)

    def _expect_version(self, version: int) -> None:
        if self.integer() != version:
            raise PackError(f"The dlib network is of another format version at byte {self.at}.")


def read_layers(data: bytes) -> list[DlibLayer]:
    """Read the layers of a network.

    Parameters
    ----------
    data : bytes
        A ``.dat`` file of dlib's face recognition network.

    Raises
    ------
    PackError
        Not such a file.
    """
    start = re.search(rb"input_rgb_image[a-z_]*", data)
    if start is None:
        raise PackError("This is not one of dlib's networks.")
    reader = _Reader(data)
    reader.at = start.end()
    layers: list[DlibLayer] = []
    # Between the layers stand a few bytes of wrappers and settings; a layer's weights are read exactly,
    # so that no name is ever looked for among them.
    while found := _LAYER.search(data, reader.at):
        kind = found.group(1).decode("ascii")
        if found.group(0)[1] != len(kind):
            reader.at = found.start() + 1
            continue
        reader.at = found.end()
        layers.append(_read_layer(kind, reader))
    return layers


def _read_layer(kind: str, reader: _Reader) -> DlibLayer:
    if kind == "con_4":
        return _convolution(reader)
    if kind == "affine_":
        return _affine(reader)
    if kind == "fc_2":
        return _fully_connected(reader)
    if kind in {"max_pool_2", "avg_pool_2"}:
        reader.integers(6)
    return DlibLayer(kind)


def _convolution(reader: _Reader) -> DlibLayer:
    parameters = reader.tensor().ravel()
    outputs, _, _, *spacing = reader.integers(7)
    shape = reader.alias()
    size = math.prod(shape)
    return DlibLayer(
        "con_4",
        parameters[:size].reshape(shape),
        parameters[size : size + outputs],
        (spacing[0], spacing[1]),
        (spacing[2], spacing[3]),
    )


def _affine(reader: _Reader) -> DlibLayer:
    parameters = reader.tensor().ravel()
    size = math.prod(reader.alias())
    return DlibLayer("affine_", parameters[:size], parameters[size : 2 * size])


def _fully_connected(reader: _Reader) -> DlibLayer:
    outputs, inputs, parameters = reader.integer(), reader.integer(), reader.tensor()
    return DlibLayer("fc_2", parameters.reshape(-1)[: inputs * outputs].reshape(inputs, outputs))
