"""Whatever comes, the answer is a refusal that says why, never a crash and never a 500."""

import base64
import io
import json
import tracemalloc
from contextlib import suppress

import botocore.session
import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localaws.rekognition.collections import FaceCollections
from localaws.rekognition.protocol.application import Application
from localaws.rekognition.protocol.errors import ServiceError
from localaws.rekognition.protocol.images import ImageReader
from localaws.rekognition.protocol.operations import HANDLERS
from localaws.rekognition.protocol.service import Service
from localaws.rekognition.protocol.wsgi import MAX_BODY_BYTES, parse_json

MODEL = botocore.session.get_session().get_service_model("rekognition")
PICTURE = cv2.imencode(".jpg", np.full((90, 90, 3), 120, np.uint8))[1].tobytes()

fuzzing = settings(
    max_examples=1000,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def application(engine, tmp_path_factory):
    collections = FaceCollections(
        tmp_path_factory.mktemp("fuzz") / "data", engine.face_model_version, engine.dimension
    )
    collections.create("people", {})
    collections.create_user("people", "ada")
    yield Application(Service(engine, collections, ImageReader(no_s3), "000000000000"))
    collections.close()


def no_s3():
    raise ServiceError("InvalidS3ObjectException", "There is no S3 here")


def post(application, target, body, **headers):
    """Return status and document; every answer is JSON, every refusal names itself."""
    started = []
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_X_AMZ_TARGET": target,
        "wsgi.input": io.BytesIO(body),
        **headers,
    }
    answer = b"".join(application(environ, lambda status, fields: started.append((status, fields))))
    ((status, fields),) = started
    document = json.loads(answer)
    assert int(dict(fields)["Content-Length"]) == len(answer)
    assert status.startswith("200") or document["__type"].endswith(("Exception", "Error"))
    return int(status[:3]), document


texts = st.text(max_size=40)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
targets = st.sampled_from(sorted(HANDLERS)).map("RekognitionService.{}".format)


def plausible(shape):
    """Values of a shape, and now and then something else in their place."""
    if shape.type_name == "structure":
        members = {name: plausible(member) for name, member in shape.members.items()}
        right = st.fixed_dictionaries(
            {name: members[name] for name in shape.required_members},
            optional={name: item for name, item in members.items() if name not in shape.required_members},
        )
    elif shape.type_name == "list":
        right = st.lists(plausible(shape.member), min_size=1, max_size=3)
    elif shape.type_name == "map":
        right = st.dictionaries(st.text("ab:", max_size=3), plausible(shape.value), max_size=3)
    elif shape.type_name == "blob":
        right = pictures.map(lambda data: base64.b64encode(data).decode())
    elif shape.type_name == "string":
        right = st.sampled_from([*(shape.enum or []), *_KNOWN]) | texts
    else:
        right = st.integers(-1, 101) | st.floats(-1, 101)
    return st.one_of(*[right] * 12, json_values)


_KNOWN = [
    "people",
    "ada",
    "nobody",
    "00000000-0000-4000-8000-000000000000",
    "arn:aws:rekognition:us-east-1:000000000000:collection/people",
]


@st.composite
def damaged_pictures(draw):
    data = bytearray(PICTURE)
    for _ in range(draw(st.integers(0, 4))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(1, len(data)))])


pictures = (
    st.just(PICTURE)
    | damaged_pictures()
    | st.binary(min_size=1, max_size=60)
    | st.binary(max_size=60).map(lambda tail: b"\xff\xd8\xff" + tail)
    | st.binary(max_size=60).map(lambda tail: b"\x89PNG\r\n\x1a\n" + tail)
)


@fuzzing
@given(target=targets | texts, body=st.binary(max_size=300))
def test_any_bytes_are_answered(application, target, body):
    status, _ = post(application, target, body)

    assert status in {200, 400}


@fuzzing
@given(target=targets, document=json_values)
def test_any_json_is_answered(application, target, document):
    status, _ = post(application, target, json.dumps(document).encode())

    assert status in {200, 400}


@pytest.mark.parametrize("operation", sorted(HANDLERS))
def test_requests_that_are_nearly_right_are_answered(application, operation):
    @settings(fuzzing, max_examples=100)
    @given(document=plausible(MODEL.operation_model(operation).input_shape))
    def check(document):
        status, _ = post(application, f"RekognitionService.{operation}", json.dumps(document).encode())
        assert status in {200, 400}

    check()


@fuzzing
@given(authorization=texts, length=texts, path=texts, query=texts)
def test_any_headers_are_answered(application, authorization, length, path, query):
    status, _ = post(
        application,
        "RekognitionService.ListCollections",
        b"{}",
        HTTP_AUTHORIZATION=authorization,
        CONTENT_LENGTH=length,
        PATH_INFO=f"/{path}",
        QUERY_STRING=query,
    )

    assert status in {200, 400, 413}


@pytest.mark.parametrize(
    "filling",
    [b"[],", b"{},", b'"a",', b"1,", b"[", b'{"a":', b"9", b"\\u0041", b"\xf0\x9f\x98\x80", b" "],
)
def test_the_largest_body_takes_bounded_memory(filling):
    body = b'["' + filling * ((MAX_BODY_BYTES - 4) // len(filling)) + b'"]'
    unquoted = body.replace(b'["', b"[").replace(b'"]', b"]")
    tracemalloc.start()
    try:
        for text in (body, unquoted):
            with suppress(ServiceError):
                parse_json(text)
        # As text the body has at most four bytes a character, and there are two copies at a time.
        assert tracemalloc.get_traced_memory()[1] < 9 * MAX_BODY_BYTES
    finally:
        tracemalloc.stop()
