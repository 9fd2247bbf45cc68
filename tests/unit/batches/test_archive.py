import io
import struct
import zipfile
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.batches.items import BatchItem, UnreadableBatch
from services.batches.photo import UnusablePhoto, read_photo
from services.batches.source import open_source
from tests.unit.batches.conftest import JPEG
from tests.unit.batches.test_folder import NAMES


@pytest.fixture
def archive(tmp_path):
    def archive(members, method=zipfile.ZIP_DEFLATED):
        path = tmp_path / "people.zip"
        with zipfile.ZipFile(path, "w", method) as zipped:
            for name, data in members:
                zipped.writestr(name, data)
        return path

    return archive


def test_the_layouts_of_a_folder_are_read_from_an_archive(archive, read):
    members = [("Ada_Lovelace/1.jpg", JPEG), ("Grace_Hopper_0001.png", JPEG), ("__MACOSX/._1.jpg", b"x")]
    items, refusals = read(archive(members))
    assert not refusals
    assert {item.full_name for item in items.values()} == {"Ada Lovelace", "Grace Hopper"}


def test_an_archive_may_have_a_manifest(archive, read):
    text = "file;full name\np/1.jpg;Ada Lovelace\np/2.jpg;Grace Hopper\n"
    items, refusals = read(archive([("manifest.csv", text), ("p/1.jpg", JPEG), ("p/3.jpg", JPEG)]))
    assert [item.full_name for item in items.values()] == ["Ada Lovelace"]
    assert refusals == {"manifest.csv, line 3": "p/2.jpg: the archive has no such file"}


def test_photos_are_unpacked_when_they_are_read(archive):
    with open_source(archive([("Ada/1.jpg", JPEG)])) as source:
        [item] = source
        assert read_photo(item.photo) == JPEG


@pytest.mark.parametrize("name", NAMES)
def test_names_of_every_script_survive(archive, read, name):
    items, refusals = read(archive([(f"{name}/1.jpg", JPEG)]))
    assert not refusals
    assert {item.full_name for item in items.values()} == {name}


def link(name):
    member = zipfile.ZipInfo(name)
    member.create_system = 3
    member.external_attr = 0o120777 << 16
    return member


def test_members_that_lead_out_links_and_doubles_are_refused_and_the_good_one_stays(archive, read):
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = archive(
            [
                ("Ada/1.jpg", JPEG),
                ("../Eve/1.jpg", JPEG),
                ("/etc/Eve.jpg", JPEG),
                ("C:\\Eve.jpg", JPEG),
                (link("Eve/link.jpg"), "/etc/passwd"),
                ("Bob/1.jpg", JPEG),
                ("Bob/1.jpg", JPEG + b"another"),
            ]
        )
    items, refusals = read(path)
    assert set(items) == {"Ada/1.jpg", "Bob/1.jpg"}
    for name in ("../Eve/1.jpg", "/etc/Eve.jpg", "C:/Eve.jpg"):
        assert "leads out of the archive" in refusals[name]
    assert "a link or a device" in refusals["Eve/link.jpg"]
    assert "two files of this name" in refusals["Bob/1.jpg"]


def test_a_member_that_declares_a_bomb_is_refused_unopened(archive, read):
    noise = bytes(range(256)) * 200
    path = archive([("Ada/1.jpg", JPEG), ("Eve/1.jpg", bytes(20_000_000)), ("Ada/2.jpg", noise)])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_STORED) as zipped:
        zipped.writestr("Ada/3.jpg", noise * 10)
    items, refusals = read(path)
    assert set(items) == {"Ada/1.jpg", "Ada/2.jpg", "Ada/3.jpg"}
    assert "20 MB, far more than a picture of its size" in refusals["Eve/1.jpg"]


def test_an_archive_that_declares_far_more_than_it_holds_is_refused_whole(archive):
    path = archive([(f"Eve/{number}.jpg", bytes(990_000)) for number in range(50)])
    with pytest.raises(UnreadableBatch, match="no archive of photos does"), open_source(path):
        pass


def test_a_member_that_lies_about_its_size_is_never_unpacked_beyond_it(archive):
    path = archive([("Eve/1.jpg", JPEG + bytes(50_000_000))])
    data = bytearray(path.read_bytes())
    # the central directory's entry: its uncompressed size stands 24 bytes after the signature
    struct.pack_into("<L", data, data.index(b"PK\x01\x02") + 24, 1000)
    path.write_bytes(data)
    with open_source(path) as source:
        [item] = source
        with pytest.raises(UnusablePhoto, match="cannot be read"):
            read_photo(item.photo)


def test_encrypted_members_and_unusual_methods_are_refused(archive, read):
    path = archive([("Eve/1.jpg", JPEG)], zipfile.ZIP_LZMA)
    assert "packed in an unusual way" in read(path)[1]["Eve/1.jpg"]
    path = archive([("Eve/1.jpg", JPEG)])
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    path.write_bytes(data)
    assert "encrypted" in read(path)[1]["Eve/1.jpg"]


@pytest.mark.parametrize(("encoding", "known"), [("utf-8", True), ("shift-jis", False)])
def test_names_without_a_declared_encoding_are_utf_8_or_refused(archive, read, encoding, known):
    name = "宮沢_1.jpg".encode(encoding)
    path = archive([("A" * len(name), JPEG)])
    path.write_bytes(path.read_bytes().replace(b"A" * len(name), name))
    items, refusals = read(path)
    if known:
        assert [item.full_name for item in items.values()] == ["宮沢"]
    else:
        assert ["unknown encoding" in sentence for sentence in refusals.values()] == [True]


def test_what_is_no_archive_says_so(tmp_path):
    path = tmp_path / "people.zip"
    path.write_bytes(b"PK\x03\x04 no more")
    with pytest.raises(UnreadableBatch, match="cannot be read as a ZIP archive"), open_source(path):
        pass


def zipped():
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Ada/1.jpg", JPEG * 3)
        archive.writestr("manifest.csv", "file,name\nAda/1.jpg,Ada\n")
    return held.getvalue()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(place=st.integers(0, len(zipped()) - 1), value=st.integers(0, 255), cut=st.integers(0, 400))
def test_a_damaged_archive_is_read_or_says_why_not(tmp_path, place, value, cut):
    data = bytearray(zipped())
    data[place] = value
    path = tmp_path / "people.zip"
    path.write_bytes(data[: max(1, len(data) - (cut if cut < 200 else 0))])
    with suppress(UnreadableBatch), open_source(path) as source:
        for item in source:
            if isinstance(item, BatchItem):
                with suppress(UnusablePhoto):
                    assert read_photo(item.photo)
