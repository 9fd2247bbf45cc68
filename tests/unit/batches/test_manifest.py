import codecs
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.batches.items import UnreadableBatch
from services.batches.source import open_source
from tests.unit.batches.conftest import put
from tests.unit.batches.test_folder import NAMES


def manifest(root, text, encoding="utf-8", name="people.csv"):
    return put(root, name, text.encode(encoding) if isinstance(text, str) else text)


@pytest.fixture
def photos(tmp_path):
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        put(tmp_path, f"pictures/{name}")
    return tmp_path


GOOD = "pictures/a.jpg,Ada Lovelace,staff;night,0042\n"


def test_every_column_is_read(photos, read):
    items, refusals = read(manifest(photos, f"file,full name,groups,external id\n{GOOD}"))
    assert not refusals
    [item] = items.values()
    assert (item.full_name, item.groups, item.external_id) == ("Ada Lovelace", ("staff", "night"), "0042")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("header", ["File|Full Name", "FILE_NAME|full_name", " file |Name", "photo|FullName"])
@pytest.mark.parametrize(
    ("encoding", "end"), [("utf-8", "\n"), ("utf-8", "\r\n"), ("utf-8-sig", "\r\n"), ("utf-16", "\r\n")]
)
def test_headers_delimiters_and_encodings_are_forgiven(photos, read, *, delimiter, header, encoding, end):
    lines = (header, "pictures/a.jpg|Ḥasan ibn al-Haytham", "", "pictures/b.jpg|夏目漱石", "")
    text = end.join(lines).replace("|", delimiter)
    items, refusals = read(manifest(photos, text, encoding))
    assert not refusals
    assert [item.full_name for item in items.values()] == ["Ḥasan ibn al-Haytham", "夏目漱石"]


def test_big_endian_utf_16_with_its_mark_is_read(photos, read):
    text = codecs.BOM_UTF16_BE + "file,name\npictures/a.jpg,Zoë\n".encode("utf-16-be")
    items, _ = read(manifest(photos, text))
    assert items["pictures/a.jpg"].full_name == "Zoë"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name\nAda\n", "line 1: there is no column 'file'"),
        ("file;groups\na.jpg;x\n", "line 1: there is no column 'full name'"),
        ("", "no column 'file' and none 'full name'"),
        ("file,name,full name\n", "line 1: there are two columns for the full name"),
        ('"file,name\n', "line 1: the line cannot be read"),
        ("file,name\n".encode("utf-16-le"), "line 1: it is in an unknown encoding, UTF-16"),
        ("file,name\n".encode("utf-32"), "line 1: it is in UTF-32"),
        ("filé,name\n".encode("latin-1"), "line 1: character 4, byte 0xE9, is not UTF-8"),
    ],
)
def test_a_manifest_that_cannot_be_read_names_the_line_and_the_way_out(photos, text, message):
    with open_source(manifest(photos, text)) as source, pytest.raises(UnreadableBatch, match=message):
        list(source)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("pictures/z.jpg,Eve", "pictures/z.jpg: there is no such file"),
        ("../outside.jpg,Eve", "leads out of the folder"),
        ("pictures/../../outside.jpg,Eve", "leads out of the folder"),
        ("..\\outside.jpg,Eve", "leads out of the folder"),
        ("/etc/passwd.jpg,Eve", "leads out of the folder"),
        ("C:\\photos\\a.jpg,Eve", "leads out of the folder"),
        ("people.csv,Eve", "no picture by its name"),
        ("pictures/b.jpg,", "the full name is wrong: it is empty"),
        ("pictures/b.jpg", "the full name is wrong: it is empty"),
        (",Eve", "it names no file"),
        (f"pictures/b.jpg,{'e' * 300}", "300 characters"),
        (f"pictures/b.jpg,{'e' * 30_000}", "the line has more than 20000 characters"),
        ('pictures/b.jpg,"Eve', "look at its quotes"),
        ("pictures/a.jpg,Eve", "line 2 names this file already"),
        ("pictures\\a.jpg,Eve", "line 2 names this file already"),
        ("./pictures/a.jpg,Eve", "line 2 names this file already"),
        ("pictures/b.jpg,ada LOVELACE,,0043", "has the external id 0043 here and 0042 in line 2"),
        ("pictures/b.jpg,Eve,," + "7" * 101, "external id is longer"),
        ("pictures/b.jpg,Eve," + ";".join(map(str, range(21))), "21 groups; 20 are the most"),
    ],
)
def test_a_bad_line_is_refused_by_its_number_and_the_others_go_on(photos, read, line, message):
    put(photos.parent, "outside.jpg")
    text = f"file,full name,groups,external id\n{GOOD}{line}\npictures/c.jpg,Grace Hopper\n"
    items, refusals = read(manifest(photos, text))
    assert list(items) == ["pictures/a.jpg", "pictures/c.jpg"]
    assert list(refusals) == ["people.csv, line 3"]
    assert message in refusals["people.csv, line 3"]


def test_a_line_of_another_encoding_costs_no_other_line(photos, read):
    text = b"file,name\npictures/a.jpg,J\xf6rg\npictures/b.jpg,J\xc3\xb6rg\n"
    items, refusals = read(manifest(photos, text))
    assert items["pictures/b.jpg"].full_name == "Jörg"
    assert "byte 0xF6, is not UTF-8; save it as CSV in UTF-8" in refusals["people.csv, line 2"]


def test_file_names_are_found_however_their_letters_are_composed(tmp_path, read):
    put(tmp_path, "Zoe\u0308.jpg")
    items, refusals = read(manifest(tmp_path, "file,name\nZo\u00eb.jpg,Zo\u00eb\n"))
    assert not refusals
    assert [item.full_name for item in items.values()] == ["Zo\u00eb"]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_every_script_survive(photos, read, name):
    items, refusals = read(manifest(photos, f"file,name\npictures/a.jpg,{name}\n"))
    assert not refusals
    assert items["pictures/a.jpg"].full_name == name


def test_a_folder_with_a_manifest_follows_it(photos, read):
    manifest(photos, "file,name\npictures/b.jpg,Ada\n", name="manifest.csv")
    items, refusals = read(photos)
    assert list(items) == ["pictures/b.jpg"]
    assert not refusals


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rest=st.binary(max_size=200))
def test_whatever_follows_a_good_line_does_not_cost_it(photos, read, rest):
    items, _ = read(manifest(photos, b"file,name\npictures/a.jpg,Ada\n" + rest))
    assert items["pictures/a.jpg"].full_name == "Ada"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_manifest_or_say_why_not(photos, read, data):
    with suppress(UnreadableBatch):
        read(manifest(photos, data))
