"""Preparing a model pack, once and for all."""

import json
import os
import shutil
from importlib.resources import files

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from localaws.rekognition.engine import PackError
from localaws.rekognition.engine.detection import FaceDetector
from localaws.rekognition.engine.geometry import letterbox
from localaws.rekognition.engine.packs import npm
from localaws.rekognition.engine.packs.optimization import drop_negligible_weights, optimize
from localaws.rekognition.engine.packs.preparation import prepare_pack, verify_pack


def _run(model, blob):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": blob})[0]


def _network(slopes):
    slope = numpy_helper.from_array(slopes.reshape(-1, 1, 1).astype(np.float32), "slope")
    graph = helper.make_graph(
        [helper.make_node("PRelu", ["x", "slope"], ["y"])],
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, len(slopes), 5, 7])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, len(slopes), 5, 7])],
        [slope],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 9)], ir_version=8)


def test_a_network_without_prelu_gives_the_same_numbers():
    rng = np.random.default_rng(3)
    model = _network(rng.normal(0, 1, 6))
    blob = rng.normal(0, 3, (1, 6, 5, 7)).astype(np.float32)
    before = _run(model, blob)

    optimize(model)

    assert "PRelu" not in {node.op_type for node in model.graph.node}
    np.testing.assert_allclose(_run(model, blob), before, rtol=1e-5, atol=1e-6)


def _convolution_then_prelu(slopes):
    rng = np.random.default_rng(4)
    kernels = rng.normal(0, 1, (len(slopes), 6, 3, 3)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "kernels", "biases"], ["c"], pads=[1, 1, 1, 1]),
            helper.make_node("PRelu", ["c", "slope"], ["y"]),
        ],
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 6, 5, 7])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, len(slopes), 5, 7])],
        [
            numpy_helper.from_array(kernels, "kernels"),
            numpy_helper.from_array(rng.normal(0, 1, len(slopes)).astype(np.float32), "biases"),
            numpy_helper.from_array(np.float32(slopes).reshape(-1, 1, 1), "slope"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 9)], ir_version=8)


@pytest.mark.parametrize(
    ("slopes", "convolutions"), [((-0.7, 0.0, 0.25, 0.98), 2), ((-0.7, 0.0, 0.25, 1.0), 3)]
)
def test_a_prelu_behind_a_convolution_costs_one_more_unless_it_is_too_steep(slopes, convolutions):
    model = _convolution_then_prelu(slopes)
    blob = np.random.default_rng(5).normal(0, 3, (1, 6, 5, 7)).astype(np.float32)
    before = _run(model, blob)

    optimize(model)

    assert [node.op_type for node in model.graph.node].count("Conv") == convolutions
    np.testing.assert_allclose(_run(model, blob), before, rtol=1e-4, atol=1e-5)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The networks as the npm package has them."""
    directory = tmp_path_factory.mktemp("npm")
    for name in ("package.json", "package-lock.json"):
        (directory / name).write_bytes(
            (files("localaws.rekognition.engine.packs.default") / name).read_bytes()
        )
    npm.install_locked(directory)
    return directory / "node_modules/faceplugin-face-recognition-js/model"


def test_the_prepared_detector_finds_the_boxes_that_the_published_one_decodes(published, pack_dir, grace):
    model = verify_pack(pack_dir).detection
    fitted = letterbox(grace, model.width, model.height)
    blob = ((fitted.pixels.astype(np.float32) - model.mean) / model.scale).transpose(2, 0, 1)[None]
    session = onnxruntime.InferenceSession(published / model.file, providers=["CPUExecutionProvider"])
    scores, boxes = session.run(None, {session.get_inputs()[0].name: blob})
    best = scores[0, :, 1].argmax()
    to_picture = np.array([model.width * fitted.scale_x, model.height * fitted.scale_y] * 2)
    left, top, right, bottom = boxes[0, best] * to_picture

    found = FaceDetector(pack_dir, model).detect(grace)[0]

    assert found.score == pytest.approx(scores[0, best, 1], abs=1e-5)
    box = (found.box.left, found.box.top, found.box.width, found.box.height)
    assert box == pytest.approx((left, top, right - left, bottom - top), abs=0.01)


def test_the_prepared_recognition_network_makes_the_published_vectors(published, pack_dir):
    name = verify_pack(pack_dir).embedding.file
    chip = np.random.default_rng(6).normal(0, 0.5, (1, 3, 112, 112)).astype(np.float32)

    vectors = [
        session.run(None, {session.get_inputs()[0].name: chip})[0]
        for session in (
            onnxruntime.InferenceSession(folder / name, providers=["CPUExecutionProvider"])
            for folder in (published, pack_dir)
        )
    ]

    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-5)


def test_weights_next_to_nothing_become_nothing_and_others_stay():
    weights = numpy_helper.from_array(np.array([1e-40, -1e-13, 1e-6, 0.5], np.float32), "w")
    graph = helper.make_graph([], "weights", [], [], [weights])

    drop_negligible_weights(graph)

    kept = numpy_helper.to_array(graph.initializer[0])
    np.testing.assert_array_equal(kept, np.array([0, 0, 1e-6, 0.5], np.float32))


def test_a_second_preparation_verifies_and_changes_nothing(pack_dir):
    before = {path.name: path.stat().st_mtime_ns for path in pack_dir.iterdir()}
    said = []

    prepare_pack(pack_dir, "default", said.append)

    assert {path.name: path.stat().st_mtime_ns for path in pack_dir.iterdir()} == before
    assert "is prepared" in said[0]


def test_the_prepared_networks_are_optimized(pack_dir):
    for path in pack_dir.glob("*.onnx"):
        assert "PRelu" not in {node.op_type for node in onnx.load(path).graph.node}


@pytest.fixture
def copied_pack(pack_dir, tmp_path):
    return shutil.copytree(pack_dir, tmp_path / "pack")


def test_a_changed_network_is_refused(copied_pack):
    network = copied_pack / "fr_landmark.onnx"
    network.write_bytes(network.read_bytes()[:-1] + b"x")

    with pytest.raises(PackError, match="prepare the pack again"):
        verify_pack(copied_pack)


def test_a_directory_that_was_never_prepared_says_how_to_prepare_it(tmp_path):
    with pytest.raises(PackError, match="prepare --pack-dir"):
        verify_pack(tmp_path)


def _install(files):
    def install(directory):
        package = directory / "node_modules/faceplugin-face-recognition-js/model"
        package.mkdir(parents=True)
        for name, content in files.items():
            (package / name).write_bytes(content)

    return install


def test_a_published_file_that_differs_is_refused_and_nothing_is_put_in_place(tmp_path, monkeypatch):
    monkeypatch.setattr(npm, "install_locked", _install({"fr_detect.onnx": b"other weights"}))

    with pytest.raises(PackError, match="SHA-256"):
        prepare_pack(tmp_path / "pack", "default", lambda _: None)

    assert [path.name for path in tmp_path.iterdir()] == [".pack.lock"]


def test_an_interrupted_preparation_is_not_taken_for_a_prepared_pack(tmp_path, monkeypatch):
    def interrupt(_directory):
        raise KeyboardInterrupt

    monkeypatch.setattr(npm, "install_locked", interrupt)

    with pytest.raises(KeyboardInterrupt):
        prepare_pack(tmp_path / "pack", "default", lambda _: None)

    with pytest.raises(PackError):
        verify_pack(tmp_path / "pack")


def test_a_machine_without_npm_is_told_how_to_get_it(monkeypatch):
    monkeypatch.setattr(npm.shutil, "which", lambda _: None)
    monkeypatch.setattr(npm, "find_spec", lambda _: None)

    with pytest.raises(PackError, match=r"Install Node\.js"):
        npm.npm_command()


def test_what_npm_complains_about_is_passed_on(tmp_path, monkeypatch):
    complaining = tmp_path / "npm"
    complaining.write_text("#!/bin/sh\necho no such package >&2\nexit 7\n")
    complaining.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    with pytest.raises(PackError, match="status 7: no such package"):
        npm.install_locked(tmp_path)


def test_a_prepared_pack_names_the_sha256_of_every_network_it_uses(pack_dir):
    manifest = verify_pack(pack_dir)
    used = {manifest.detection.file, manifest.landmarks.file, manifest.embedding.file}

    prepared = json.loads((pack_dir / "prepared.json").read_text())
    assert set(prepared["sha256"]) == used | {"pack.json"}
