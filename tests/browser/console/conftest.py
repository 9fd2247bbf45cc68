"""The console of one running stack, seeded, with an operator of each role signed in."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, ViewportSize, expect

from cli.opening import open_to_everyone
from cli.portraits import eileen_collins, grace_hopper
from services.aws.operators import OperatorStore
from services.contracts.operators import Operator, Role
from services.gateway.session_cookies import LANGUAGE_COOKIE, LOCAL_COOKIE
from services.passwords import Passwords
from tests.browser.conftest import LANDSCAPE, NO_CAMERA, Camera, Visits
from tests.conftest import RunningFacegate, enrolled, running_facegate

# a page that answers at once on a quiet machine may not on a busy one
expect.set_options(timeout=20_000)

PASSWORD = "a tram to the museum"
KIOSK = "entrance"
#: Enrolled, with a photo, and let in once.
GRACE = "Grace Hopper"
#: Without a photo.
ADA = "Ada Lovelace"


@dataclass(frozen=True)
class Seeded:
    """A running stack with people, doors, decisions and operators; ids of people by their names."""

    running: RunningFacegate
    people: dict[str, str] = field(default_factory=dict[str, str])
    sessions: dict[Role, requests.Session] = field(default_factory=dict[Role, requests.Session])

    @property
    def url(self) -> str:
        return self.running.gateway_url

    def api(self, method: str, path: str, role: Role = Role.ADMIN, **more: Any) -> requests.Response:
        """Ask the API as an operator of that role."""
        return self.sessions[role].request(method, f"{self.url}{path}", timeout=20, **more)

    def recognise(self, photo: Path) -> dict[str, Any]:
        """Have the kiosk send a frame, and return its decision."""
        headers = {
            "Authorization": f"Bearer {self.running.token}",
            "Content-Type": "image/png" if photo.suffix == ".png" else "image/jpeg",
            "Prefer": "wait=10",
        }
        answer = requests.post(
            f"{self.url}/v1/recognitions", data=photo.read_bytes(), headers=headers, timeout=20
        )
        assert answer.ok, answer.text
        return answer.json()


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory, detector: None) -> Iterator[Seeded]:
    # what pages load is installed together with the detector
    folder = tmp_path_factory.mktemp("console")
    settings = {"FACEGATE_DOORS_PLAIN_HTTP": "true", "FACEGATE_PULSE_SECONDS": "1"}
    with running_facegate(folder, KIOSK, "console-logs", **settings) as running:
        seeded = Seeded(running)
        _sign_in_everybody(seeded)
        _seed(seeded)
        yield seeded


@pytest.fixture
def visit(console: Seeded, visits: Visits) -> Callable[..., Page]:
    """Open a page of the console as an operator; ``role=None`` is nobody."""

    def open_page(
        path: str,
        role: Role | None = Role.ADMIN,
        *,
        language: str = "en",
        camera: Camera = NO_CAMERA,
        viewport: ViewportSize = LANDSCAPE,
    ) -> Page:
        return visits.open(f"{console.url}{path}", camera, viewport, cookies_of(console, role, language))

    return open_page


def cookies_of(console: Seeded, role: Role | None, language: str = "en") -> list[dict[str, str]]:
    """Cookies by which a browser is an operator's who has chosen a language."""
    cookies = {LANGUAGE_COOKIE: language}
    if role is not None:
        cookies[LOCAL_COOKIE] = console.sessions[role].cookies[LOCAL_COOKIE]
    return [{"name": name, "value": value, "url": console.url} for name, value in cookies.items()]


def _sign_in_everybody(console: Seeded) -> None:
    operators, password_hash = OperatorStore(console.running.aws), Passwords().hash(PASSWORD)
    for role in Role:
        login = f"{role}@example.org"
        now = datetime.now(UTC)
        operators.create(Operator(operator_id=login, role=role, password_hash=password_hash, created_at=now))
        session = requests.Session()
        credentials = {"login": login, "password": PASSWORD}
        answer = session.post(f"{console.url}/v1/session", json=credentials, timeout=20)
        assert answer.ok, answer.text
        session.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        console.sessions[role] = session


def _seed(console: Seeded) -> None:
    open_to_everyone(console.running.aws, "laboratory")
    enrollment = enrolled(console.running, grace_hopper().read_bytes(), "grace_hopper.jpg", GRACE)
    assert enrollment.person_id, enrollment
    console.people[GRACE] = enrollment.person_id
    groups_of = {ADA: ["staff"], "Katherine Johnson": ["staff", "night shift"], "Radia Perlman": []}
    for name, groups in groups_of.items():
        answer = console.api("POST", "/v1/people", json={"full_name": name, "groups": groups})
        assert answer.ok, answer.text
        console.people[name] = answer.json()["person_id"]
    assert console.recognise(grace_hopper())["outcome"] == "granted"
    assert console.recognise(eileen_collins())["outcome"] == "denied"
