"""A whole session of the AWS command line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

AWS = Path(sys.executable).with_name("aws")


@pytest.fixture
def aws(server, tmp_path):
    """Runs ``aws rekognition`` and returns its answer, or its error's text."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL_REKOGNITION": server.url,
    }

    def run(*arguments):
        command = [AWS, "rekognition", *map(str, arguments), "--output", "json"]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode:
            return done.stderr.strip()
        return json.loads(done.stdout) if done.stdout.strip() else {}

    return run


def test_a_person_is_enrolled_found_and_forgotten_from_the_command_line(aws, tmp_path, grace, eileen):
    for name, image in (("grace", grace), ("eileen", eileen)):
        (tmp_path / name).write_bytes(image)
    people = ("--collection-id", "cli")

    arn = "arn:" + aws("create-collection", *people, "--tags", "team=doors")["CollectionArn"]
    assert "ResourceAlreadyExistsException" in aws("create-collection", *people)
    assert aws("list-tags-for-resource", "--resource-arn", arn)["Tags"] == {"team": "doors"}
    faces = [
        aws(
            "index-faces", *people, "--image-bytes", f"fileb://{tmp_path / name}", "--external-image-id", name
        )["FaceRecords"][0]["Face"]["FaceId"]
        for name in ("grace", "eileen")
    ]
    listed = aws("list-faces", *people, "--page-size", 1)
    assert [face["FaceId"] for face in listed["Faces"]] == faces
    found = aws("search-faces-by-image", *people, "--image-bytes", f"fileb://{tmp_path / 'eileen'}")
    assert [match["Face"]["ExternalImageId"] for match in found["FaceMatches"]] == ["eileen"]

    user = (*people, "--user-id", "ada")
    assert aws("create-user", *user) == {}
    assert aws("associate-faces", *user, "--face-ids", faces[0])["UserStatus"] == "ACTIVE"
    assert aws("search-users", *people, "--face-id", faces[0])["UserMatches"][0]["Similarity"] > 99
    kept = aws("delete-faces", *people, "--face-ids", *faces)
    assert kept["UnsuccessfulFaceDeletions"][0]["Reasons"] == ["ASSOCIATED_TO_AN_EXISTING_USER"]

    assert aws("describe-collection", *people)["FaceCount"] == 1
    assert aws("delete-collection", *people) == {"StatusCode": 200}
    assert "ResourceNotFoundException" in aws("describe-collection", *people)


def test_an_operation_beyond_faces_says_so_on_the_command_line(aws):
    said = aws("list-stream-processors")

    assert "UnknownOperationException" in said
    assert "not part of this server" in said
