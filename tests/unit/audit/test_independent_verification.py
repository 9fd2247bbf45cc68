"""The program in docs/audit.md, as a reader would run it."""

import json
import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from services.audit.chain import Listed, link, open_chain
from services.audit.export import ExportFormat, export
from services.contracts.audit import AuditEntry, AuditKind

DOCUMENT = Path(__file__).parents[3] / "docs" / "audit.md"
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)

pytestmark = pytest.mark.access


@pytest.fixture
def program(tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    file = tmp_path / "verify.py"
    file.write_text(code)

    def run(lines):
        exported = tmp_path / "audit.jsonl"
        exported.write_text("".join(lines), encoding="utf-8")
        return subprocess.run(
            [sys.executable, str(file), str(exported)], capture_output=True, text=True, check=False
        )

    return run


@pytest.fixture
def lines():
    head = open_chain("gateway", NOON, date(2027, 1, 2)).head
    listed = []
    for number in range(4):
        entry = AuditEntry(
            kind=AuditKind.ACTION, actor="token t", what="PUT", personal={"person_id": f"é {number}"}
        )
        made, head = link(head, entry, NOON + timedelta(seconds=number))
        listed.append(Listed(head.chain, made))
    return list(export(listed, ExportFormat.JSONL))


def test_what_nobody_touched_passes_and_the_ends_of_chains_are_printed(program, lines):
    answer = program(lines)
    assert answer.returncode == 0, answer.stderr
    last = json.loads(lines[-1])
    assert answer.stdout.split() == [last["chain"], "4", last["hash"]]


@pytest.mark.parametrize("said", ["token t", "é 1"])
def test_an_altered_line_is_named(program, lines, said):
    lines[1] = lines[1].replace(said, "x")
    answer = program(lines)
    assert answer.returncode == 1
    assert "wrong:" in answer.stdout


def test_a_missing_and_a_moved_line_are_named(program, lines):
    assert program(lines[:1] + lines[2:]).returncode == 1
    assert program([lines[0], lines[2], lines[1], lines[3]]).returncode == 1
