import pytest
import typer

from cli.moments import parse_moment, parse_schedule, schedule_text
from services.contracts.access import WEEKDAYS

pytestmark = pytest.mark.access
OFFICE = ["08:00-18:00"]


@pytest.mark.parametrize(
    ("text", "week"),
    [
        ("mon 08:00-18:00", {"monday": OFFICE}),
        ("mon-wed 08:00-18:00", {"monday": OFFICE, "tuesday": OFFICE, "wednesday": OFFICE}),
        ("mon,wed 08:00-18:00", {"monday": OFFICE, "wednesday": OFFICE}),
        ("sat-mon 08:00-18:00", {"saturday": OFFICE, "sunday": OFFICE, "monday": OFFICE}),
        ("Mon 08:00-12:00 14:00-18:00", {"monday": ["08:00-12:00", "14:00-18:00"]}),
        ("mon 08:00-12:00,14:00-18:00", {"monday": ["08:00-12:00", "14:00-18:00"]}),
        (
            "mon,tue 08:00-18:00, sat 22:00-06:00",
            {"monday": OFFICE, "tuesday": OFFICE, "saturday": ["22:00-06:00"]},
        ),
        ("mon 08:00-18:00; mon 20:00-21:00", {"monday": ["08:00-18:00", "20:00-21:00"]}),
    ],
)
def test_hours_of_a_week_are_read_as_they_are_written(text, week):
    assert parse_schedule(text) == week


def test_always_is_every_day_from_midnight_to_midnight():
    assert set(map(tuple, parse_schedule(" Always ").values())) == {("00:00-24:00",)}
    assert len(parse_schedule("always")) == 7


@pytest.mark.parametrize("text", ["", "monday 08:00-18:00", "mon", "08:00-18:00", "mon-xyz 08:00-18:00"])
def test_what_is_no_schedule_is_refused_with_how_to_write_one(text):
    with pytest.raises(typer.BadParameter, match="mon-fri"):
        parse_schedule(text)


def test_a_moment_without_a_time_zone_is_of_this_machine():
    assert parse_moment("2027-01-31").tzinfo is not None
    assert parse_moment("2027-01-31T08:00+01:00").timestamp() == parse_moment("2027-01-31T07:00Z").timestamp()


@pytest.mark.parametrize("text", ["tomorrow", "31.1.2027", ""])
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(typer.BadParameter, match="no date or time"):
        parse_moment(text)


@pytest.mark.parametrize(
    "text",
    [
        "mon-fri 22:00-06:00",
        "mon-tue 08:00-12:00 14:00-18:00, thu 09:00-10:00, sat-sun 10:00-12:00",
        "mon 08:00-18:00, wed 08:00-18:00",
        "",
    ],
)
def test_hours_of_a_week_are_written_as_they_are_read(text):
    week = parse_schedule(text) if text else {}
    assert schedule_text([week.get(day, []) for day in WEEKDAYS]) == text
