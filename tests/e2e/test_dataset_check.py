"""A folder of photos looked at through the embedded Rekognition."""

import json
import os
import signal
import subprocess
import sys

import pytest
from PIL import Image, ImageEnhance

from cli.dataset.faces import COLLECTION_PREFIX
from cli.portraits import cat, eileen_collins, grace_hopper
from tests.conftest import until

CHECK = [sys.executable, "-c", "from cli.main import main; main()", "dataset", "check"]


def variations(portrait, folder, count):
    folder.mkdir()
    with Image.open(portrait) as picture:
        person = picture.convert("RGB")
    for number in range(count):
        lit = ImageEnhance.Brightness(person).enhance(0.85 + 0.1 * number)
        side = 480 - 30 * number
        lit.resize((side, round(side * lit.height / lit.width))).save(folder / f"{number}.jpg", quality=90)


@pytest.fixture
def mislabelled(tmp_path):
    """Four photos of each, one of Eileen Collins under Grace Hopper's name, and a cat."""
    variations(grace_hopper(), tmp_path / "Grace_Hopper", 4)
    variations(eileen_collins(), tmp_path / "Eileen_Collins", 4)
    with Image.open(eileen_collins()) as picture:
        picture.convert("RGB").transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(
            tmp_path / "Grace_Hopper" / "wrong.jpg"
        )
    with Image.open(cat()) as picture:
        picture.convert("RGB").save(tmp_path / "Eileen_Collins" / "cat.png")
    return tmp_path


def environment(facegate):
    return (
        os.environ
        | facegate.settings.environment()
        | {
            "FACEGATE_HOME": str(facegate.settings.home),
            "FACEGATE_AWS_PORT": str(facegate.settings.aws_port),
            "FACEGATE_REKOGNITION_PORT": str(facegate.settings.rekognition_port),
            "FACEGATE_GATEWAY_PORT": str(facegate.settings.gateway_port),
        }
    )


def left_behind(facegate):
    ids = facegate.aws.rekognition.list_collections()["CollectionIds"]
    return [collection_id for collection_id in ids if collection_id.startswith(COLLECTION_PREFIX)]


def test_a_photo_under_a_wrong_name_is_found_and_nothing_is_left_in_rekognition(
    facegate, mislabelled, tmp_path_factory
):
    out = tmp_path_factory.mktemp("out")
    command = [
        *CHECK,
        str(mislabelled),
        "--json",
        str(out / "found.json"),
        "--sheet",
        str(out / "sheet.html"),
    ]
    done = subprocess.run(
        command, env=environment(facegate), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Grace_Hopper/wrong.jpg resembles Eileen Collins" in done.stdout
    found = json.loads((out / "found.json").read_text())
    assert [wrong["file"] for wrong in found["mislabelled"]] == ["Grace_Hopper/wrong.jpg"]
    assert found["refused"] == {"no_face": ["Eileen_Collins/cat.png"]}
    assert not found["same_person"]
    assert "Grace Hopper, or Eileen Collins?" in (out / "sheet.html").read_text()
    assert not left_behind(facegate)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_check_that_is_interrupted_deletes_its_collection(facegate, tmp_path, stop):
    variations(grace_hopper(), tmp_path / "Grace_Hopper", 3)
    first = tmp_path / "Grace_Hopper" / "0.jpg"
    for number in range(400):
        (tmp_path / "Grace_Hopper" / f"again{number}.jpg").write_bytes(first.read_bytes())
    running = subprocess.Popen([*CHECK, str(tmp_path)], env=environment(facegate), stdout=subprocess.DEVNULL)
    try:
        until(lambda: left_behind(facegate) or running.poll() is not None)
        assert running.poll() is None, "it ended before it could be interrupted"
        running.send_signal(stop)
        assert running.wait(30) != 0
    finally:
        running.kill()
        running.wait()
    assert not left_behind(facegate)
