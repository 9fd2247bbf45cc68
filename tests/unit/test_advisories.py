"""Known vulnerabilities are told; they stop those who choose versions, and nobody else."""

import runpy
import subprocess
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from tests.conftest import REPOSITORY

CLEAN = '{"dependencies": [{"name": "flask", "version": "3.1", "vulns": []}]}'
UNKNOWN = '{"dependencies": [{"name": "flask", "skip_reason": "not found"}]}'
VULNERABLE = CLEAN.replace("[]", '[{"id": "CVE-1", "fix_versions": ["3.2"]}]')


@pytest.fixture
def look(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    def looked(index_says: str, *arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(subprocess, "run", lambda *_, **__: SimpleNamespace(stdout=index_says))
        monkeypatch.setattr("sys.argv", ["advisories.py", *arguments])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(REPOSITORY / "requirements" / "advisories.py"), run_name="__main__")
        return ended.value.code, capsys.readouterr().out

    return looked


def test_versions_without_a_known_vulnerability_are_told_so(look):
    assert look(CLEAN, "--strict") == (0, "advisories: none known of 1 packages\n")


@pytest.mark.parametrize("index_says", [UNKNOWN, "", "no JSON"])
def test_what_could_not_be_checked_is_not_said_to_be_clean(look, index_says: str):
    status, said = look(index_says, "--strict")
    assert status == 0
    assert "NOT checked" in said
    assert "none known" not in said


def test_a_vulnerability_is_told_and_stops_whoever_chooses_versions_alone(look):
    status, said = look(VULNERABLE)
    assert (status, "CVE-1" in said, "3.2" in said) == (0, True, True)
    assert look(VULNERABLE, "--strict")[0] == 1
