"""One's own recognition network as a model pack."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from localaws.rekognition.engine import FaceEngine, PackError
from localaws.rekognition.engine.packs.preparation import prepare_pack

DIMENSION = 16

DESCRIPTION = """
name = "small"

[embedding]
file = "small.onnx"
size = {size}
dimension = {dimension}
channels = "{channels}"
mean = {mean}
scale = 128.0
{more}

[similarity]
slope = 20.0
offset = -10.0
"""


def _network(seed=1, size=112, outputs=DIMENSION):
    """Averages over an 8 x 8 grid, then a random projection."""
    side = size // 8
    weights = np.random.default_rng(seed).normal(0, 1, (192, outputs)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node(
                "AveragePool", ["x"], ["means"], kernel_shape=[side, side], strides=[side, side]
            ),
            helper.make_node("Flatten", ["means"], ["flat"]),
            helper.make_node("MatMul", ["flat", "weights"], ["vector"]),
        ],
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, size, size])],
        [helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, outputs])],
        [numpy_helper.from_array(weights, "weights")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def _describe(directory, network=None, **changes):
    values = {"size": 112, "dimension": DIMENSION, "channels": "RGB", "mean": 127.5, "more": ""} | changes
    path = directory / "small.toml"
    path.write_text(DESCRIPTION.format(**values))
    onnx.save(network or _network(), directory / "small.onnx")
    return str(path)


def _refusal(directory, description):
    with pytest.raises(PackError) as refused:
        prepare_pack(directory / "pack", description, lambda _: None)
    assert not (directory / "pack").exists()
    return str(refused.value)


@pytest.fixture(scope="module")
def custom(tmp_path_factory):
    directory = tmp_path_factory.mktemp("custom")
    said = []
    prepare_pack(directory / "pack", _describe(directory), said.append)
    return directory, FaceEngine.load(directory / "pack"), said


def test_a_network_of_ones_own_makes_the_vectors(custom, grace):
    _, engine, _ = custom

    vector = engine.analyze(grace)[0].embedding.vector

    assert vector.shape == (engine.dimension,) == (DIMENSION,)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert engine.analyze(grace)[0].embedding.worth == 1.0


def test_its_own_calibration_counts(custom):
    assert custom[1].similarity(0.5) == pytest.approx(50)


def test_it_never_has_the_version_of_another_pack(custom, engine, tmp_path):
    directory, own, said = custom
    assert own.face_model_version != engine.face_model_version
    assert "small" in said[-1]

    # Other weights make other vectors, whatever the name.
    prepare_pack(directory / "pack", _describe(directory, _network(seed=2)), lambda _: None)

    assert FaceEngine.load(directory / "pack").face_model_version != own.face_model_version


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"dimension": 512}, r"shape \(1, 16\)"),
        ({"size": 64, "more": "anchors = [{points=[30], x=32, y=40}, {points=[8], x=32, y=60}]"}, "64"),
        ({"size": 160}, "give anchors"),
        ({"more": "anchors = [{points=[30], x=50, y=60}]"}, "two anchors"),
        ({"more": "anchors = [{points=[30], x=50, y=60}, {points=[68], x=50, y=90}]"}, "anchors.1.points"),
        ({"more": "anchors = [{points=[30], x=50, y=60}, {points=[8], x=50, y=112}]"}, "inside the chip"),
        ({"channels": "GRAY"}, "embedding.channels"),
        ({"mean": "[1, 2]"}, "embedding.mean"),
        ({"more": "colour = 1"}, "embedding.colour"),
        ({"more": "="}, "not a TOML file"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, changes, complaint):
    import re

    assert re.search(complaint, _refusal(tmp_path, _describe(tmp_path, **changes)))


def test_a_file_that_is_no_network_is_refused(tmp_path):
    description = _describe(tmp_path)
    (tmp_path / "small.onnx").write_bytes(b"no network")

    assert "cannot be loaded" in _refusal(tmp_path, description)


def test_a_network_that_sees_nothing_is_refused(tmp_path):
    blind = _network()
    blind.graph.initializer[0].CopyFrom(
        numpy_helper.from_array(np.zeros((192, DIMENSION), np.float32), "weights")
    )

    assert "no direction" in _refusal(tmp_path, _describe(tmp_path, blind))


def test_a_network_that_is_not_there_is_named(tmp_path):
    description = _describe(tmp_path)
    (tmp_path / "small.onnx").unlink()

    assert "small.onnx, which is not there" in _refusal(tmp_path, description)


@pytest.mark.parametrize("pack", ["faces", "missing.toml"])
def test_a_pack_that_does_not_exist_is_refused(tmp_path, pack, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert pack in _refusal(tmp_path, pack)
