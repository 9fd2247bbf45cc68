"""The running gateway keeps what its OpenAPI document says, in thousands of cases by schemathesis."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from cli.kiosk import register_kiosk
from cli.portraits import grace_hopper
from services.aws.invitations import InvitationStore
from services.aws.people import PeopleStore
from services.aws.tokens import TokenStore
from services.contracts.dead_letters import DeadLetterQueueName
from services.contracts.domain import IssuedToken, Person, Scope
from services.contracts.invitations import MOST_PHOTOS, invite
from services.contracts.tokens import ApiToken, InvitationToken, KioskToken
from services.gateway.problems import PROBLEM_TYPES
from tests.conftest import ARTIFACTS, REPOSITORY, RunningFacegate, running_facegate

pytestmark = [pytest.mark.access, pytest.mark.timeout(700)]

FEWEST_CASES = 5000
#: Beside these there are some thirty of each operation that try the bounds of all it takes.
FUZZED_CASES = 1200
PEOPLE = 40
SEVERAL = ("zone", "door", "rule", "operator")
PASSWORD = "a ferry to the lighthouse"
#: Nobody else knows the id, so no case removes them.
INVITED = "invited-for-the-contract"
SCHEMATHESIS = str(Path(sys.executable).parent / "schemathesis")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFacegate]:
    with running_facegate(tmp_path_factory.mktemp("contract"), "lobby", "logs-contract") as running:
        yield running


@pytest.fixture(scope="module")
def program(house: RunningFacegate) -> ApiToken:
    token = ApiToken.issue()
    TokenStore(house.aws).add(
        IssuedToken(
            token_id=token.token_id,
            name="contract",
            scopes=tuple(Scope),
            token_sha256=token.sha256,
            created_at=datetime.now(UTC),
        )
    )
    return token


@pytest.fixture(scope="module")
def known(house: RunningFacegate, program: ApiToken) -> dict[str, list[str]]:
    """Ids of what is there, by the names of the parameters that take them: random ones lead nowhere."""

    def call(method: str, path: str, **arguments: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {program}", **arguments.pop("headers", {})}
        answer = requests.request(method, house.gateway_url + path, headers=headers, timeout=20, **arguments)
        assert answer.ok, answer.text
        return answer.json()

    people = [
        call("POST", "/v1/people", json={"full_name": f"Number {number}"})["person_id"]
        for number in range(PEOPLE)
    ]
    photo = {"data": grace_hopper().read_bytes(), "headers": {"Content-Type": "image/jpeg"}}
    photos = [call("POST", f"/v1/people/{person}/photos", **photo)["enrollment_id"] for person in people[:5]]
    gone = [call("DELETE", f"/v1/people/{person}")["deletion_id"] for person in people[-3:]]
    batch = call(
        "POST", "/v1/batches", json={"source": f"s3://{house.aws.outputs.photo_bucket_name}/batches/a"}
    )
    zones, doors, rules, logins = ([f"{kind}-{number}" for number in range(8)] for kind in SEVERAL)
    for zone, door, rule, login in zip(zones, doors, rules, logins, strict=True):
        call("POST", "/v1/zones", json={"zone_id": zone, "name": zone})
        call("POST", "/v1/doors", json={"door_id": door, "name": door, "zone_id": zone})
        everyone = {"rule_id": rule, "name": rule, "groups": ["everyone"], "zones": [zone]}
        call("POST", "/v1/rules", json=everyone)
        call("POST", "/v1/operators", json={"login": login, "role": "viewer", "password": PASSWORD})
    return {
        "zone_id": zones,
        "door_id": doors,
        "target_id": [*zones, *doors],
        "rule_id": rules,
        "operator_id": logins,
        "person_id": people,
        "enrollment_id": photos,
        "deletion_id": gone,
        "batch_id": [batch["batch_id"]],
        "slug": list(PROBLEM_TYPES),
        "queue": [queue.value for queue in DeadLetterQueueName],
    }


def test_the_gateway_keeps_what_its_document_says(
    house: RunningFacegate,
    program: ApiToken,
    known: dict[str, list[str]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    other_kiosk, invited = KioskToken.create("other"), invitation_of_somebody_new(house)
    register_kiosk(house.aws, other_kiosk, "back-door")
    paths = requests.get(f"{house.gateway_url}/openapi.json", timeout=20).json()["paths"]
    configuration = tmp_path / "schemathesis.toml"
    usual = (Path(__file__).parent / "schemathesis.toml").read_text()
    configuration.write_text(usual + _known_ids(known) + _of_two_routes(paths))
    run = subprocess.run(
        [SCHEMATHESIS, "--config-file", str(configuration), "run", f"{house.gateway_url}/openapi.json",
         "--max-examples", str(FUZZED_CASES // sum(map(len, paths.values())))],
        cwd=REPOSITORY,
        env=os.environ
        | {
            "PYTHONPATH": str(REPOSITORY),
            "CONTRACT_KIOSK_ID": house.kiosk_id,
            "CONTRACT_KIOSK_TOKEN": house.token,
            "CONTRACT_OTHER_KIOSK_TOKEN": str(other_kiosk),
            "CONTRACT_TOKEN_ID": program.token_id,
            "CONTRACT_INVITED_PERSON_ID": INVITED,
            "CONTRACT_INVITATION_ID": invited.invitation_id,
            "CONTRACT_INVITATION_TOKEN": str(invited),
            "CONTRACT_PROGRAM_TOKEN": str(program),
            "NO_COLOR": "1",
        },
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )  # fmt: skip
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    (ARTIFACTS / "contract.txt").write_text(run.stdout + run.stderr)
    assert run.returncode == 0, _shortened(run.stdout + run.stderr)
    cases = int(re.findall(r"([0-9]+) generated", run.stdout)[-1])
    with capsys.disabled():
        sys.stdout.write(f"\n{cases} cases kept the contract of {sum(map(len, paths.values()))} operations\n")
    assert cases >= FEWEST_CASES
    for token, path in ((program, "/v1/people"), (house.token, "/v1/kiosk"), (invited, "/v1/invitation")):
        answer = requests.get(
            house.gateway_url + path, headers={"Authorization": f"Bearer {token}"}, timeout=20
        )
        assert answer.status_code == 200, "the cases were sent with a token that opens nothing"


def invitation_of_somebody_new(house: RunningFacegate) -> InvitationToken:
    now = datetime.now(UTC)
    person = Person(person_id=INVITED, full_name="Invited", created_at=now)
    PeopleStore(house.aws).create(person)
    invitation, token = invite(person, "operator contract", now, most_photos=MOST_PHOTOS)
    InvitationStore(house.aws).add(invitation)
    return token


def _known_ids(known: dict[str, list[str]]) -> str:
    lines = ["", "[dictionaries]"]
    lines += [f"{name}.values = {json.dumps(values)}" for name, values in known.items()]
    lines += ["", "[parameters]"]
    lines += [f"{name} = {{ dictionary = {json.dumps(name)}, probability = 0.7 }}" for name in known]
    return "\n".join(lines) + "\n"


def _of_two_routes(paths: dict[str, Any]) -> str:
    """An address that is one route's own and also fits another's ``{id}`` has the methods of both."""
    both = [
        path
        for path in paths
        if any(path != other and re.fullmatch(re.sub(r"{[^}]*}", "[^/]+", other), path) for other in paths)
    ]
    return f"""
[[operations]]
include-path = {json.dumps(both)}
checks.allow_header_conformance.enabled = false
checks.unsupported_method.enabled = false
"""


def _shortened(output: str) -> str:
    said = output.partition("FAILURES")[2] or output
    return "\n".join(line[:300] for line in said.splitlines())[:20_000]
