"""Fuzz request parsing with atheris: any body becomes parameters, or is refused for a reason.

``python tests/fuzz/requests.py -max_total_time=60`` (options are libFuzzer's).
"""

import os
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["localaws.rekognition.protocol"]):
    from localaws.rekognition.protocol.errors import ServiceError
    from localaws.rekognition.protocol.operations import HANDLERS, Operations
    from localaws.rekognition.protocol.paging import read_token
    from localaws.rekognition.protocol.wsgi import parse_json

REFUSALS = {"InvalidPaginationTokenException", "SerializationException", "ValidationException"}

OPERATIONS = [Operations().find(name) for name in sorted(HANDLERS)]


def parse(data: bytes) -> None:
    operation = OPERATIONS[data[0] % len(OPERATIONS)] if data else OPERATIONS[0]
    try:
        parameters = operation.parser.parse(parse_json(data[1:]))
        read_token("faces", parameters.get("NextToken"))
    except ServiceError as error:
        if error.code not in REFUSALS:
            raise


SEEDS = [
    b'{"CollectionId": "people", "UserId": "ada", "FaceIds": ["00000000-0000-4000-8000-000000000000"], '
    b'"ClientRequestToken": "t", "UserMatchThreshold": 75.5}',
    b'{"CollectionId": "people", "Image": {"Bytes": "/9j/"}, "MaxFaces": 1, "QualityFilter": "AUTO", '
    b'"FaceMatchThreshold": 99, "DetectionAttributes": ["ALL"], "ExternalImageId": "a"}',
    b'{"SourceImage": {"S3Object": {"Bucket": "photos", "Name": "a.jpg", "Version": "1"}}, '
    b'"TargetImage": {"Bytes": "iVBORw0K"}, "SimilarityThreshold": 0}',
    b'{"ResourceArn": "arn:aws:rekognition:us-east-1:000000000000:collection/people", '
    b'"Tags": {"team": "doors"}, "TagKeys": ["team"]}',
    b'{"MaxResults": 10, "NextToken": "%%ts<HU]"}',
]


def seed(corpus: Path) -> None:
    corpus.mkdir(parents=True, exist_ok=True)
    for number, document in enumerate(SEEDS):
        for operation in range(len(OPERATIONS)):
            (corpus / f"seed-{number}-{operation}").write_bytes(bytes([operation]) + document)


if __name__ == "__main__":
    seeds = Path(os.environ.get("FACEGATE_HOME", ".facegate")) / "fuzz" / "requests"
    seed(seeds)
    atheris.Setup([*sys.argv, str(seeds)], parse)
    atheris.Fuzz()
