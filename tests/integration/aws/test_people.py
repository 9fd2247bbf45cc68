from datetime import UTC, datetime, timedelta

import pytest

from services.aws.people import InvalidCursor, PeopleStore, PersonChanged, PersonUnknown
from services.contracts.domain import Person, PersonStatus
from services.contracts.names import LONGEST_NAME

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def somebody(person_id="ada", full_name="Ada Lovelace", **more):
    return Person(person_id=person_id, full_name=full_name, created_at=NOW, **more)


@pytest.fixture
def people(aws):
    return PeopleStore(aws)


def names(page):
    return [person.full_name for person in page.people]


def test_a_person_is_read_back_as_created(people):
    person = somebody(groups=("staff", "night shift"), external_id="4711")
    assert people.create(person)
    assert people.get("ada") == person


def test_a_person_who_is_there_is_not_created_again(people):
    people.create(somebody())
    assert not people.create(somebody(full_name="Somebody Else"))
    assert people.get("ada").full_name == "Ada Lovelace"


def test_an_unknown_person_is_nobody(people):
    assert people.get("nobody") is None


def test_a_change_counts_the_version_and_keeps_what_enrollment_wrote(people):
    people.create(somebody(photos=4, external_id="4711"))
    read = people.get("ada")
    changes = {"full_name": "Ada King", "groups": ("guests",), "external_id": None}
    changed = people.update(read.model_copy(update=changes), LATER)
    assert changed == people.get("ada")
    assert changed == read.model_copy(update=changes | {"updated_at": LATER, "version": 2})
    assert names(people.page("ada k")) == ["Ada King"]


def test_from_when_until_when_doors_open_to_a_person_is_kept_changed_and_taken_away(people):
    people.create(somebody(valid_from=NOW, valid_until=LATER))
    read = people.get("ada")
    assert (read.valid_from, read.valid_until) == (NOW, LATER)
    changed = people.update(read.model_copy(update={"valid_from": None}), LATER)
    assert (changed.valid_from, people.get("ada").valid_until) == (None, LATER)


def test_of_two_operators_who_read_the_same_only_the_first_changes_it(people):
    people.create(somebody())
    first = second = people.get("ada")
    people.update(first.model_copy(update={"full_name": "Ada King"}), LATER)
    with pytest.raises(PersonChanged, match="read it again"):
        people.update(second.model_copy(update={"full_name": "Ada Byron"}), LATER)
    assert people.get("ada").full_name == "Ada King"


def test_a_person_enrolled_before_there_were_versions_can_be_changed(people, aws):
    people.create(somebody())
    key = {"person_id": {"S": "ada"}}
    aws.dynamodb.update_item(TableName="people", Key=key, UpdateExpression="REMOVE version, groups")
    read = people.get("ada")
    assert people.update(read.model_copy(update={"groups": ("staff",)}), LATER).version == 2


def test_nobody_cannot_be_changed(people):
    with pytest.raises(PersonUnknown, match="there is no person ada"):
        people.update(somebody(), NOW)
    with pytest.raises(PersonUnknown):
        people.set_status("ada", PersonStatus.DISABLED, NOW)


def test_a_person_is_disabled_and_enabled_whatever_the_version(people):
    people.create(somebody())
    assert people.set_status("ada", PersonStatus.DISABLED, LATER).version == 2
    assert people.get("ada").status is PersonStatus.DISABLED
    assert people.set_status("ada", PersonStatus.ACTIVE, LATER).status is PersonStatus.ACTIVE


def test_a_person_who_is_being_deleted_is_neither_changed_nor_enabled(people):
    people.create(somebody(status=PersonStatus.DELETING))
    with pytest.raises(PersonChanged, match="being deleted"):
        people.set_status("ada", PersonStatus.ACTIVE, LATER)
    with pytest.raises(PersonChanged, match="being deleted"):
        people.update(people.get("ada"), LATER)


def test_what_is_left_of_a_deleted_person_is_nobody_and_gives_way_to_a_new_one(people, aws):
    mark = {"person_id": "ada", "deleted_at": NOW.isoformat(), "deletion_id": "d"}
    aws.dynamodb.put_item(TableName="people", Item={name: {"S": value} for name, value in mark.items()})
    assert people.get("ada") is None
    assert people.page().people == ()
    assert people.create(somebody())
    assert people.get("ada") == somebody()
    item = aws.dynamodb.get_item(TableName="people", Key={"person_id": {"S": "ada"}})["Item"]
    assert item["deleted_at"] == {"S": NOW.isoformat()}
    assert "deletion_id" not in item


def everybody(people, search="", limit=3):
    """The names on each page."""
    pages, cursor = [], None
    while not pages or cursor:
        page = people.page(search, cursor, limit)
        pages.append(names(page))
        cursor = page.cursor
    return pages


def test_people_are_listed_by_name_a_page_at_a_time_and_nobody_twice(people):
    for number, name in enumerate(["Zoë", "ada", "Bob", "Ada", "Émile", "王小明", "Bobby"]):
        people.create(somebody(f"p-{number}", name))
    pages = everybody(people)
    assert pages == [["ada", "Ada", "Bob"], ["Bobby", "Zoë", "Émile"], ["王小明"]]


def test_a_name_of_the_greatest_length_that_unfolds_to_more_can_be_listed(people):
    long = "\ufdfa" * LONGEST_NAME
    people.create(somebody(full_name=long))
    assert names(people.page(long)) == [long]


@pytest.mark.parametrize("count", [0, 3, 6])
def test_a_last_page_that_is_full_leads_to_no_other(people, count):
    for number in range(count):
        people.create(somebody(f"p-{number}", f"Person {number}"))
    assert sum(map(len, everybody(people))) == count
    assert all(everybody(people)) or count == 0


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("ada", ["Ada Lovelace", "Adam Smith"]),
        ("LOVE", ["Ada Lovelace"]),
        ("smith", ["Adam Smith", "Zadie Smith"]),
        ("ovelace", []),
        ("  ada   love ", ["Ada Lovelace"]),
        ("%", []),
        ("王", ["王小明"]),
    ],
)
def test_people_are_found_by_how_any_word_of_the_name_begins(people, search, found):
    for number, name in enumerate(["Ada Lovelace", "Adam Smith", "Zadie Smith", "王小明"]):
        people.create(somebody(f"p-{number}", name))
    assert [name for page in everybody(people, search, limit=1) for name in page] == found


def test_people_are_found_by_group_and_status_beside_their_name_and_no_page_ends_early(people):
    for number in range(9):
        groups = ("night shift",) if number % 2 else ("night", "staff")
        status = PersonStatus.DISABLED if number % 3 == 0 else PersonStatus.ACTIVE
        people.create(somebody(f"p-{number}", f"Person {number}", groups=groups, status=status))
    page = people.page("person", None, 3, group="night shift")
    assert names(page) == ["Person 1", "Person 3", "Person 5"]
    assert names(people.page("person", page.cursor, 3, group="night shift")) == ["Person 7"]
    assert names(people.page(status=PersonStatus.DISABLED)) == ["Person 0", "Person 3", "Person 6"]
    assert names(people.page(group="staff", status=PersonStatus.DISABLED)) == ["Person 0", "Person 6"]
    assert people.page(group="nigh").people == ()


def test_a_cursor_still_leads_on_when_the_person_it_came_from_is_gone(people, aws):
    for number in range(4):
        people.create(somebody(f"p-{number}", f"Person {number}"))
    page = people.page(limit=2)
    aws.dynamodb.delete_item(TableName="people", Key={"person_id": {"S": "p-1"}})
    assert names(people.page(cursor=page.cursor)) == ["Person 2", "Person 3"]


@pytest.mark.parametrize("cursor", ["", "x", "é", "bnVsbA", "WzEsMl0", "WyIiLCIiXQ", "W10"])
def test_what_is_no_cursor_is_refused(people, cursor):
    with pytest.raises(InvalidCursor):
        people.page(cursor=cursor)
