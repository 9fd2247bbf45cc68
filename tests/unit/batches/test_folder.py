import os
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.batches.items import BatchItem, PhotoFile, UnreadableBatch
from services.batches.naming import name_of_file, name_of_folder
from services.batches.photo import LARGEST_PHOTO_BYTES, UnusablePhoto, read_photo
from services.batches.source import open_source
from tests.unit.batches.conftest import JPEG, put

#: One name in each of many scripts.
NAMES = (
    "Ada Lovelace", "Đặng Thị Ngọc Thịnh", "Ἀριάδνη Παπαδοπούλου", "Гульнара Ибрагимова", "მარიამ გელაშვილი",
    "نیلو\u200cفر", "ක්\u200dරිෂ් සිල්වා",
    "Արամ Խաչատրյան", "דוד בן־גוריון", "فاطمة الزهراء", "अमृता प्रीतम", "கமலா தாஸ்", "ศรีบูรพา วงศ์",
    "ཚེ་རིང་", "อุทัย", "김구", "夏目 漱石", "宮沢賢治", "ሀይሌ ገብረሥላሴ", "ᏍᏏᏉᏯ", "𐐔𐐇𐐝𐐀𐐡𐐇𐐓",
)  # fmt: skip


def test_a_sub_folder_is_a_person(tmp_path, read):
    put(tmp_path, "Ada_Lovelace/1.jpg")
    put(tmp_path, "Ada_Lovelace/IMG_2041.HEIC")
    put(tmp_path, "Grace Hopper/portrait.png")
    items, refusals = read(tmp_path)
    assert not refusals
    assert {file: item.full_name for file, item in items.items()} == {
        "Ada_Lovelace/1.jpg": "Ada Lovelace",
        "Ada_Lovelace/IMG_2041.HEIC": "Ada Lovelace",
        "Grace Hopper/portrait.png": "Grace Hopper",
    }


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Ada_Lovelace_0001.jpg", "Ada Lovelace"),
        ("Ada Lovelace (2).jpeg", "Ada Lovelace"),
        ("Jean-Luc_Picard.png", "Jean-Luc Picard"),
        ("宮沢_賢治_12.webp", "宮沢 賢治"),
    ],
)
def test_a_file_may_name_the_person_and_count(file, name):
    assert name_of_file(file) == name


@pytest.mark.parametrize("file", ["IMG_2041.jpg", "dsc-0001.jpg", "0001.jpg", "___.png", "Ada\x07_1.jpg"])
def test_a_file_name_that_names_nobody_is_refused(tmp_path, read, file):
    put(tmp_path, file)
    items, refusals = read(tmp_path)
    assert not items
    assert "file's name is no person's" in refusals[file]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_every_script_survive(tmp_path, read, name):
    put(tmp_path, f"{name}/1.jpg")
    put(tmp_path, f"{name.replace(' ', '_')}_0001.jpg")
    items, refusals = read(tmp_path)
    assert not refusals
    assert {item.full_name for item in items.values()} == {name}


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=250))
def test_any_text_is_a_printable_name_or_is_refused_with_a_sentence(text):
    for read_name in (name_of_folder, name_of_file):
        with suppress(ValueError):
            assert read_name(text).strip()


def test_what_is_no_picture_by_its_name_is_refused_and_litter_is_not_even_mentioned(tmp_path, read):
    put(tmp_path, "Ada/1.jpg")
    put(tmp_path, "Ada/notes.txt")
    put(tmp_path, ".DS_Store")
    put(tmp_path, "Ada/Thumbs.db")
    put(tmp_path, "Team A/Ada/2.jpg")
    items, refusals = read(tmp_path)
    assert list(items) == ["Ada/1.jpg"]
    assert "no picture by its name" in refusals.pop("Ada/notes.txt")
    assert "folder within a folder" in refusals.pop("Team A/Ada/2.jpg")
    assert not refusals


def test_links_out_of_the_folder_are_refused(tmp_path, read):
    outside = put(tmp_path, "outside/secret.jpg")
    put(tmp_path, "in/Ada/1.jpg")
    (tmp_path / "in/Ada/2.jpg").symlink_to(outside)
    (tmp_path / "in/Eve").symlink_to(outside.parent, target_is_directory=True)
    (tmp_path / "in/Ada/3.jpg").symlink_to("nowhere")
    items, refusals = read(tmp_path / "in")
    assert list(items) == ["Ada/1.jpg"]
    assert "leads out of the folder" in refusals["Ada/2.jpg"]
    assert "leads out of the batch" in refusals["Eve"]
    assert "no such file" in refusals["Ada/3.jpg"]


def test_a_pipe_called_jpg_is_refused_instead_of_waited_for(tmp_path, read):
    put(tmp_path, "Ada/1.jpg")
    os.mkfifo(tmp_path / "Ada/2.jpg")
    items, refusals = read(tmp_path)
    assert list(items) == ["Ada/1.jpg"]
    assert "no regular file" in refusals["Ada/2.jpg"]


def test_a_name_that_is_no_utf_8_is_refused(tmp_path, read):
    put(tmp_path, "Ada/1.jpg")
    place = os.fsencode(tmp_path / "Ada") + b"/J\xf6rg.jpg"
    with open(place, "wb") as file:
        file.write(JPEG)
    items, refusals = read(tmp_path)
    assert list(items) == ["Ada/1.jpg"]
    assert "not UTF-8" in refusals["Ada/J?rg.jpg"]


def test_two_thousand_files_of_one_folder_come_one_by_one(tmp_path):
    for number in range(2000):
        put(tmp_path, f"Ada/{number:04}.jpg")
    with open_source(tmp_path) as source:
        assert source.count() == 2000
        assert next(iter(source)).file == "Ada/0000.jpg"


def test_only_folders_manifests_and_archives_are_batches(tmp_path):
    with (
        pytest.raises(UnreadableBatch, match="no folder, no CSV manifest and no ZIP"),
        open_source(put(tmp_path, "photo.jpg")),
    ):
        pass


def photo_of(tmp_path, data):
    put(tmp_path, "Ada/1.jpg", data)
    with open_source(tmp_path) as source:
        [item] = source
    assert isinstance(item, BatchItem)
    return item.photo


def test_a_photo_is_read_as_it_is(tmp_path):
    assert read_photo(photo_of(tmp_path, JPEG)) == JPEG


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "it is empty"),
        (b"dear diary", "not the picture that its name says"),
        (b"RIFF\0\0\0\0AVI ", "not the picture that its name says"),
    ],
    ids=["empty", "text", "film"],
)
def test_a_file_that_cannot_be_a_photo_is_unusable(tmp_path, data, sentence):
    with pytest.raises(UnusablePhoto, match=sentence):
        read_photo(photo_of(tmp_path, data))


def test_a_hundred_megabytes_are_refused_without_reading_them(tmp_path):
    photo = photo_of(tmp_path, JPEG)
    os.truncate(tmp_path / "Ada/1.jpg", 100_000_000)
    declared = PhotoFile(photo.path, 100_000_000, open=lambda: pytest.fail("it was opened"))
    with pytest.raises(UnusablePhoto, match=r"100\.0 MB; 30 MB are the most"):
        read_photo(declared)
    # the size was small when the folder was listed
    with pytest.raises(UnusablePhoto, match="MB are the most"):
        read_photo(photo)
    assert LARGEST_PHOTO_BYTES == 30_000_000


def test_a_file_that_vanished_is_unusable(tmp_path):
    photo = photo_of(tmp_path, JPEG)
    (tmp_path / "Ada/1.jpg").unlink()
    with pytest.raises(UnusablePhoto, match="cannot be read"):
        read_photo(photo)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=64))
def test_any_bytes_are_read_or_refused(tmp_path, data):
    with suppress(UnusablePhoto):
        assert read_photo(photo_of(tmp_path, data)) == data
