from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import doors, people, rules, zones
from cli.opening import open_to_everyone
from services.access.changes import InUse, UnknownReference
from services.access.register import AccessRegister, AlreadyThere, UnknownRecord
from services.aws.access import AccessStore
from services.aws.people import PeopleStore
from services.contracts.access import AccessKind, AccessState
from services.contracts.domain import Person

pytestmark = pytest.mark.access
NOW = datetime(2026, 1, 2, tzinfo=UTC)
FILE = """
[[zones]]
zone_id = "lab"
name = "Laboratory"

[[doors]]
door_id = "lab-door"
name = "Door of the laboratory"
zone_id = "lab"
threshold = 99.5

[[holidays]]
calendar_id = "berlin"
name = "Berlin"
holidays = [{name = "Christmas", day = "12-25"}]

[[rules]]
rule_id = "day"
name = "Staff by day"
groups = ["staff"]
zones = ["lab"]
schedule = "mon-fri 08:00-18:00"
time_zone = "Europe/Berlin"
calendars = ["berlin"]
"""


@pytest.fixture
def facegate(aws, monkeypatch):
    """`facegate zones`, `doors`, `rules` and `people`, with Ada enrolled."""
    commands = {"zones": zones.zones, "doors": doors.doors, "rules": rules.rules, "people": people.people}
    for module in (zones, doors, rules, people):
        monkeypatch.setattr(module, "connect", lambda on_aws: aws)
    PeopleStore(aws).create(
        Person(person_id="ada", full_name="Ada Lovelace", groups=("staff",), created_at=NOW)
    )

    def run(command, *arguments):
        done = CliRunner().invoke(commands[command], arguments, env={"COLUMNS": "200"})
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    return run


@pytest.fixture
def house(facegate):
    facegate("zones", "add", "house", "--name", "House")
    facegate("doors", "add", "front", "--zone", "house")
    facegate(
        "rules", "add", "day", "--group", "staff", "--zone", "house", "--schedule", "mon-fri 08:00-18:00"
    )


def configuration(aws):
    return AccessStore(aws).load()


@pytest.mark.usefixtures("house")
def test_zones_doors_and_rules_are_added_listed_changed_and_removed(facegate, aws):
    assert "House" in facegate("zones", "list").stdout
    assert "front" in facegate("doors", "list").stdout
    assert "fri 08:00-18:00 UTC" in facegate("rules", "list").stdout
    facegate("zones", "change", "house", "--name", "Main house")
    facegate("doors", "change", "front", "--threshold", "99.7")
    facegate("rules", "change", "day", "--off", "--valid-until", "2027-01-31T00:00Z")
    changed = configuration(aws)
    assert changed.zones["house"].name == "Main house"
    assert (changed.doors["front"].threshold, changed.doors["front"].zone_id) == (99.7, "house")
    assert (changed.rules["day"].enabled, changed.rules["day"].groups) == (False, ("staff",))
    facegate("doors", "change", "front", "--usual-threshold")
    assert configuration(aws).doors["front"].threshold is None
    for command, record in (("rules", "day"), ("doors", "front"), ("zones", "house")):
        assert facegate(command, "remove", record).exit_code == 0
    assert not configuration(aws).zones


def test_where_nothing_is_configured_the_lists_say_how_to_begin(facegate):
    assert "facegate zones add" in facegate("zones", "list").stdout
    assert "facegate doors add" in facegate("doors", "list").stdout
    assert "nobody passes" in facegate("rules", "list").stdout


@pytest.mark.usefixtures("house")
@pytest.mark.parametrize(
    ("command", "refused"),
    [
        (("zones", "add", "house"), AlreadyThere),
        (("doors", "add", "gate", "--zone", "yard"), UnknownReference),
        (("zones", "remove", "house"), InUse),
        (("doors", "change", "gate", "--name", "Gate"), UnknownRecord),
        (("doors", "lock", "gate", "--reason", "Fire"), UnknownRecord),
    ],
)
def test_what_cannot_be_done_is_refused(facegate, command, refused):
    with pytest.raises(refused):
        facegate(*command)


@pytest.mark.usefixtures("house")
@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("rules", "add", "x", "--zone", "house"), "groups"),
        (("rules", "add", "x", "--group", "staff"), "neither a door nor a zone"),
        (("rules", "add", "x", "--group", "g", "--door", "front", "--schedule", "mon 8-17"), "monday"),
        (("rules", "add", "x", "--group", "g", "--door", "front", "--time-zone", "X"), "time zone"),
        (("zones", "add", "no spaces"), "zone_id"),
        (("people", "set", "ada"), "say what to set"),
        (("people", "set", "ada", "--group", "a,b"), "a group has"),
    ],
)
def test_what_is_typed_wrong_is_named(facegate, command, told):
    done = facegate(*command)
    assert (done.exit_code, told in done.stderr) == (2, True), done.stderr


@pytest.mark.usefixtures("house")
def test_a_lockdown_is_told_in_the_lists_until_it_is_ended(facegate, aws):
    facegate("doors", "lock", "front", "--reason", "Broken")
    assert "locked" in facegate("doors", "list").stdout
    assert AccessStore(aws).lockdowns()[0].reason == "Broken"
    facegate("zones", "lock", "house", "--reason", "Fire")
    assert "zone locked" in facegate("doors", "list").stdout
    facegate("zones", "unlock", "house")
    assert "unlocked" in facegate("doors", "unlock", "front").stdout
    assert "was not locked" in facegate("doors", "unlock", "front").stdout
    assert AccessStore(aws).state() == AccessState(3)


@pytest.mark.usefixtures("house")
def test_it_is_explained_who_passes_and_why(facegate):
    inside = facegate("rules", "explain", "Ada Lovelace", "front", "2026-06-01T12:00Z")
    assert (inside.exit_code, "rule day opens it" in inside.stdout) == (0, True)
    outside = facegate("rules", "explain", "ada", "front", "2026-06-05T20:00Z")
    assert outside.exit_code == 2
    assert "next Mon 2026-06-08 08:00 UTC" in outside.stdout


@pytest.mark.usefixtures("house")
def test_a_person_gets_groups_and_a_time(facegate, aws):
    facegate("people", "set", "ada", "--group", "guests", "--valid-until", "2026-01-01T00:00Z")
    ada = PeopleStore(aws).get("ada")
    assert (ada.groups, ada.valid_until) == (("guests",), datetime(2026, 1, 1, tzinfo=UTC))
    assert "until 2026-01-01" in facegate("people", "show", "ada").stdout
    assert "access has ended" in facegate("rules", "explain", "ada", "front").stdout
    facegate("people", "set", "ada", "--no-groups", "--valid-until", "never", "--valid-from", "2026-01-01")
    ada = PeopleStore(aws).get("ada")
    assert (ada.groups, ada.valid_until) == ((), None)
    assert ada.valid_from - datetime(2026, 1, 1, tzinfo=UTC) < timedelta(days=1)


def test_a_file_is_imported_once_and_again_for_nothing(facegate, aws, tmp_path):
    file = tmp_path / "rules.toml"
    file.write_text(FILE)
    assert "added 4, changed 0" in facegate("rules", "import", str(file)).stdout
    imported = configuration(aws)
    assert imported.rules["day"].schedule.friday == ("08:00-18:00",)
    assert (imported.doors["lab-door"].threshold, imported.rules["day"].calendars) == (99.5, ("berlin",))
    assert "added 0, changed 0, 4 were so before" in facegate("rules", "import", str(file)).stdout
    file.write_text(FILE.replace('["staff"]', '["staff", "guests"]'))
    assert "added 0, changed 1" in facegate("rules", "import", str(file)).stdout
    assert AccessStore(aws).state().version == 2


def test_the_file_in_the_guide_is_one_that_can_be_imported(facegate, aws, tmp_path):
    guide = (Path(__file__).parents[3] / "docs" / "access.md").read_text()
    file = tmp_path / "rules.toml"
    file.write_text(guide.partition("```toml\n")[2].partition("```")[0])
    assert "added 4" in facegate("rules", "import", str(file)).stdout
    assert configuration(aws).rules["staff-by-day"].holiday_hours == ("10:00-12:00",)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[zones]\n", "rules.toml"),
        ("[[windows]]\n", "windows"),
        ('[[zones]]\nzone_id = "z"\n', "zones 1: name"),
        ('[[zones]]\nzone_id = "z"\nname = "Z"\ncolour = "red"\n', "zones 1: colour"),
        ("zones = 3\n", "[[zones]]"),
        ("rules = [3]\n", "rules 1"),
        ('[[rules]]\nschedule = "monday"\n', "mon-fri"),
    ],
)
def test_a_file_that_says_nothing_sensible_is_refused_by_place(facegate, aws, tmp_path, text, told):
    file = tmp_path / "rules.toml"
    file.write_text(text)
    done = facegate("rules", "import", str(file))
    assert (done.exit_code, told in done.stderr) == (2, True), done.stderr
    assert configuration(aws).version == 0


def test_opening_doors_to_everyone_adds_what_is_missing_and_changes_nothing_else(aws):
    for _ in range(2):
        open_to_everyone(aws, "front-door", "side-door")
    register = AccessRegister(AccessStore(aws))
    assert register.rules()[0].version == 1
    front = register.get(AccessKind.DOOR, "front-door")
    register.update(front.model_copy(update={"threshold": 99.9}))
    open_to_everyone(aws, "front-door")
    assert register.get(AccessKind.DOOR, "front-door").threshold == 99.9
