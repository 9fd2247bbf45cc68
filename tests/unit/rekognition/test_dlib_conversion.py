"""dlib's network, read without dlib and turned into ONNX."""

import struct

import numpy as np
import onnxruntime
import pytest

from localaws.rekognition.engine import FaceEngine, PackError
from localaws.rekognition.engine.packs.dlib_conversion import convert_recognition_network
from localaws.rekognition.engine.packs.dlib_weights import read_layers
from localaws.rekognition.engine.packs.preparation import prepare_pack

RNG = np.random.default_rng(8)


def _integer(value):
    size = max(1, (abs(value).bit_length() + 7) // 8)
    return bytes([size | (0x80 if value < 0 else 0)]) + abs(value).to_bytes(size, "little")


def _integers(*values):
    return b"".join(_integer(value) for value in values)


def _text(name):
    return _integer(len(name)) + name


def _tensor(values, shape):
    return _integers(2, *shape) + values.astype("<f4").tobytes()


class _Dat:
    """A small network as dlib serializes one: the stem and blocks of its ResNet with few channels."""

    def __init__(self):
        self.data = b"\x01\x01" + _text(b"input_rgb_image_sized") + _integers(1, 0, 2, 0, 3, 0)

    def convolution(self, kernels, biases, stride, padding):
        outputs, _, rows, columns = kernels.shape
        both = np.concatenate([kernels.ravel(), biases])
        self.data += _text(b"con_4") + _tensor(both, (len(both), 1, 1, 1))
        self.data += _integers(outputs, rows, columns, stride, stride, padding, padding)
        self.data += _integers(1, *kernels.shape, 1, 1, outputs, 1, 1)
        self.data += b"\x01\x05"
        return self

    def affine(self, gains, biases):
        both = np.concatenate([gains, biases])
        self.data += _text(b"affine_") + _tensor(both, (len(both), 1, 1, 1))
        self.data += _integers(1, 1, len(gains), 1, 1, 1, 1, len(gains), 1, 1, 0)
        return self

    def plain(self, name):
        self.data += _text(name) + (_integers(3, 3, 2, 2, 0, 0) if b"pool" in name else b"")
        return self

    def fully_connected(self, weights):
        inputs, outputs = weights.shape
        self.data += _text(b"fc_2") + _integers(outputs, inputs) + _tensor(weights, (inputs, outputs, 1, 1))
        return self


def _weights(*shape):
    return RNG.normal(0, 0.4, shape).astype(np.float32)


def _convolve(picture, kernels, biases, stride, padding):
    padded = np.pad(picture, ((0, 0), (padding, padding), (padding, padding)))
    size = kernels.shape[2]
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(1, 2))
    return (
        np.einsum("cyxij,ocij->oyx", windows[:, ::stride, ::stride], kernels) + biases[:, None, None]
    ).astype(np.float32)


def _pool(picture, size, how):
    windows = np.lib.stride_tricks.sliding_window_view(picture, (size, size), axis=(1, 2))
    return how(windows[:, ::2, ::2], axis=(3, 4))


@pytest.fixture(scope="module")
def network():
    """A file, and what the network in it does to a chip, computed here from dlib's definitions."""
    stem, stem_bias, gains, shifts = _weights(4, 3, 7, 7) / 10, _weights(4), _weights(4) + 1, _weights(4)
    same = [(_weights(4, 4, 3, 3), _weights(4)) for _ in range(2)]
    down = [(_weights(6, 4, 3, 3), _weights(6)), (_weights(6, 6, 3, 3), _weights(6))]
    head = _weights(6, 128)
    ones = [(np.ones(count, np.float32), np.zeros(count, np.float32)) for count in (4, 6)]
    dat = _Dat().convolution(stem, stem_bias, 2, 0).affine(gains, shifts).plain(b"relu_").plain(b"max_pool_2")
    dat.convolution(*same[0], 1, 1).affine(*ones[0]).plain(b"relu_").convolution(*same[1], 1, 1)
    dat.affine(*ones[0]).plain(b"add_prev_").plain(b"relu_")
    dat.convolution(*down[0], 2, 0).affine(*ones[1]).plain(b"relu_").convolution(*down[1], 1, 1)
    dat.affine(*ones[1]).plain(b"avg_pool_2").plain(b"add_prev_").plain(b"relu_")
    dat.plain(b"avg_pool_2").fully_connected(head)

    def forward(chip):
        top = _convolve(chip, stem, stem_bias, 2, 0) * gains[:, None, None] + shifts[:, None, None]
        top = _pool(np.maximum(top, 0), 3, np.max)
        inner = _convolve(np.maximum(_convolve(top, *same[0], 1, 1), 0), *same[1], 1, 1)
        top = np.maximum(inner + top, 0)
        inner = _convolve(np.maximum(_convolve(top, *down[0], 2, 0), 0), *down[1], 1, 1)
        shortcut = _pool(top, 2, np.mean)
        total = np.zeros((6, *shortcut.shape[1:]), np.float32)
        total[:4] += shortcut
        total[:, : inner.shape[1], : inner.shape[2]] += inner
        return np.maximum(total, 0).mean(axis=(1, 2)) @ head

    return dat.data, forward


def test_the_converted_network_computes_what_dlib_defines(network):
    data, forward = network
    chip = RNG.normal(0, 1, (3, 150, 150)).astype(np.float32)
    session = onnxruntime.InferenceSession(
        convert_recognition_network(data).SerializeToString(), providers=["CPUExecutionProvider"]
    )

    (vector,) = session.run(None, {"chip": chip[None]})[0]

    np.testing.assert_allclose(vector, forward(chip), rtol=1e-3, atol=1e-3)


def test_strides_and_padding_are_read(network):
    convolutions = [layer for layer in read_layers(network[0]) if layer.kind == "con_4"]

    assert [layer.stride for layer in convolutions] == [(2, 2), (1, 1), (1, 1), (2, 2), (1, 1)]
    assert [layer.padding for layer in convolutions] == [(0, 0), (1, 1), (1, 1), (0, 0), (1, 1)]


@pytest.mark.parametrize(
    "data",
    [b"", b"something else", b"input_rgb_image_sized" + struct.pack("<I", 7)],
    ids=["nothing", "another file", "no layers"],
)
def test_a_file_that_holds_no_such_network_is_refused(data):
    with pytest.raises(PackError):
        convert_recognition_network(data)


def test_a_cut_file_is_refused(network):
    with pytest.raises(PackError):
        convert_recognition_network(network[0][: len(network[0]) // 2])


@pytest.fixture(scope="module")
def dlib_engine(pack_dir):
    directory = pack_dir.with_name("dlib")
    prepare_pack(directory, "dlib", lambda _: None)
    return FaceEngine.load(directory)


def test_the_dlib_pack_tells_people_apart(dlib_engine, grace, eileen):
    one, other = (dlib_engine.analyze(portrait)[0].embedding.vector for portrait in (grace, eileen))
    again = dlib_engine.analyze(np.ascontiguousarray(grace[::2, ::2]))[0].embedding.vector

    assert one.shape == (128,)
    assert dlib_engine.similarity(float(one @ again)) >= 99
    assert dlib_engine.similarity(float(one @ other)) < 80


def test_packs_have_different_versions(dlib_engine, engine):
    assert dlib_engine.face_model_version != engine.face_model_version
