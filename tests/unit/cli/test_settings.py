import re
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings
from typer.testing import CliRunner

from cli import settings as listed
from cli.main import app

REPOSITORY = Path(__file__).parents[3]


def printed(output):
    answer = CliRunner().invoke(app, ["settings", "--output", output])
    assert answer.exit_code == 0
    return answer.stdout


@pytest.mark.parametrize(
    ("output", "file"), [("page", "docs/settings.md"), ("names", "services/variables.txt")]
)
def test_what_is_written_down_about_the_settings_is_true(output, file):
    written = (REPOSITORY / file).read_text()
    assert written == printed(output), "run `make settings`"


def test_every_settings_class_is_on_the_page():
    found = {
        name
        for room in ("services", "localaws")
        for file in (REPOSITORY / room).rglob("*.py")
        for name in re.findall(r"^class (\w+)\(BaseSettings\)", file.read_text(), re.MULTILINE)
    }
    told = {base.__name__ for settings in listed.SECTIONS.values() for base in settings.__mro__}
    assert found <= told
    assert "GatewaySettings" in found


def test_a_value_that_is_set_is_shown_and_a_secret_is_not(monkeypatch):
    monkeypatch.setenv("FACEGATE_GATEWAY_THREADS", "17")
    monkeypatch.setenv("FACEGATE_KIOSK_TOKEN", "front-door.secret")
    monkeypatch.setenv("COLUMNS", "200")
    shown = printed("table")
    assert re.search(r"FACEGATE_GATEWAY_THREADS\W+17\W+256", shown)
    assert "front-door.secret" not in shown


def test_a_setting_without_a_meaning_is_refused():
    class Undocumented(BaseSettings):
        """Nothing is said about it."""

        colour: str = "blue"

    with pytest.raises(LookupError, match="Undocumented does not say what colour means"):
        list(listed.variables(Undocumented))
