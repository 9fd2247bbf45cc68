"""From dlib's face recognition network to the same network in ONNX.

The network is a ResNet of 29 convolutions (King 2017, "High Quality Face Recognition with Deep Metric
Learning"): a stem, then residual blocks of two convolutions. A block that halves the picture has a
shortcut of 2 x 2 averages, its missing channels zero. Its vectors differ from dlib's by less than 1e-6.
"""
# onnx leaves the type parameter of PathLike open in its signatures.
# pyright: reportUnknownMemberType=false

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from localaws.rekognition.engine.errors import PackError
from localaws.rekognition.engine.packs.dlib_weights import DlibLayer, Weights, read_layers

#: Side of the chip, pixels.
CHIP_SIZE = 150

_STEM = ["con_4", "affine_", "relu_", "max_pool_2"]
_BLOCK = ["con_4", "affine_", "relu_", "con_4", "affine_"]


def convert_recognition_network(data: bytes) -> onnx.ModelProto:
    """Convert ``dlib_face_recognition_resnet_model_v1.dat``.

    Parameters
    ----------
    data : bytes
        The file.

    Returns
    -------
    onnx.ModelProto
        Input ``chip`` (1, 3, 150, 150), float32, RGB less its mean, by 256; output ``vector`` (1, 128).

    Raises
    ------
    PackError
        The file holds another network.
    """
    layers = read_layers(data)
    kinds = [layer.kind for layer in layers]
    if kinds[:4] != _STEM or kinds[-2:] != ["avg_pool_2", "fc_2"]:
        raise PackError("This is not dlib's face recognition network.")
    network = _Network()
    top = network.relu(network.convolution("chip", _folded(layers[0], layers[1]), (2, 2), (0, 0)))
    top = network.add("MaxPool", [top], kernel_shape=[3, 3], strides=[2, 2])
    size, at = (((CHIP_SIZE - 7) // 2 + 1) - 3) // 2 + 1, 4
    while kinds[at] == "con_4":
        if kinds[at : at + 5] != _BLOCK:
            raise PackError("This is not dlib's face recognition network.")
        top, size = _residual_block(network, top, layers[at : at + 5], size)
        at += 8 if kinds[at + 5] == "avg_pool_2" else 7  # with the shortcut's average, sum and relu
    flat = network.add("Flatten", [network.add("GlobalAveragePool", [top])])
    network.add("MatMul", [flat, network.weight(layers[-1].weight)], output="vector")
    return network.model()


def _residual_block(network: "_Network", top: str, block: Sequence[DlibLayer], size: int) -> tuple[str, int]:
    """Append a block to `top`, `size` pixels wide; return its output and width."""
    first, second = _folded(block[0], block[1]), _folded(block[3], block[4])
    outputs, inputs = int(first[0].shape[0]), int(first[0].shape[1])
    inner = network.relu(network.convolution(top, first, block[0].stride, block[0].padding))
    if block[0].stride == (1, 1):
        inner = network.convolution(inner, second, (1, 1), (1, 1))
        return network.relu(network.add("Add", [inner, top])), size
    inner_size, halved = (size - 3) // 2 + 1, (size - 2) // 2 + 1
    if inner_size == 1:  # only the kernel's middle meets the picture
        middle: Weights = second[0][:, :, 1:2, 1:2]
        inner = network.convolution(inner, (middle, second[1]), (1, 1), (0, 0))
    else:
        inner = network.convolution(inner, second, (1, 1), (1, 1))
    averages = np.zeros((outputs, inputs, 2, 2), np.float32)
    averages[range(inputs), range(inputs)] = 0.25
    shortcut = network.convolution(top, (averages, np.zeros(outputs, np.float32)), (2, 2), (0, 0))
    if halved > inner_size:  # dlib adds the smaller into the corner of the larger
        missing = halved - inner_size
        inner = network.add("Pad", [inner, network.weight(np.array([0, 0, 0, 0, 0, 0, missing, missing]))])
    return network.relu(network.add("Add", [inner, shortcut])), halved


def _folded(convolution: DlibLayer, affine: DlibLayer) -> tuple[Weights, Weights]:
    """Multiply an affine layer into the convolution before it: kernels and biases."""
    kernels = convolution.weight * affine.weight[:, None, None, None]
    return kernels, convolution.bias * affine.weight + affine.bias


class _Network:
    """An ONNX graph in the making; each method appends a node and returns its output's name."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []

    def add(self, kind: str, inputs: Sequence[str], output: str | None = None, **attributes: Any) -> str:
        output = output or f"{kind.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def weight(self, values: np.ndarray) -> str:
        name = f"weight_{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def relu(self, source: str) -> str:
        return self.add("Relu", [source])

    def convolution(
        self, source: str, folded: tuple[Weights, Weights], stride: tuple[int, int], padding: tuple[int, int]
    ) -> str:
        kernels, biases = folded
        return self.add(
            "Conv",
            [source, self.weight(kernels), self.weight(biases)],
            kernel_shape=list(kernels.shape[2:]),
            strides=list(stride),
            pads=[*padding, *padding],
        )

    def model(self) -> onnx.ModelProto:
        chip = helper.make_tensor_value_info("chip", onnx.TensorProto.FLOAT, [1, 3, CHIP_SIZE, CHIP_SIZE])
        vector = helper.make_tensor_value_info("vector", onnx.TensorProto.FLOAT, [1, 128])
        graph = helper.make_graph(self._nodes, "dlib_face_recognition", [chip], [vector], self._weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        onnx.checker.check_model(model)
        return model
