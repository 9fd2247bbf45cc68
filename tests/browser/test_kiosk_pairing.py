"""A kiosk that is given a pairing code in its address gets its token, and says that it lives."""

from datetime import UTC, datetime, timedelta

from cli.kiosk import register_kiosk
from services.aws.kiosks import KioskStore
from services.contracts.kiosks import PairingCode
from services.contracts.tokens import KioskToken
from tests.browser.conftest import NO_CAMERA, Visits
from tests.conftest import until


def test_a_pairing_code_in_the_address_becomes_a_token_once(facegate, visits: Visits):
    store, code = KioskStore(facegate.aws), PairingCode.create()
    register_kiosk(facegate.aws, None, "front-door", "paired-page")
    assert store.offer("paired-page", code.digest(), datetime.now(UTC) + timedelta(minutes=1))

    page = visits.open(f"{facegate.gateway_url}/kiosk#pair={code}", NO_CAMERA)
    until(lambda: store.get("paired-page").last_contact_at)
    token = page.evaluate("localStorage.getItem('facegate.token')")
    assert store.get("paired-page").accepts(KioskToken.parse(token), datetime.now(UTC))
    assert str(code) not in page.url
    assert abs(store.get("paired-page").clock_skew) < 30

    again = visits.open(f"{facegate.gateway_url}/kiosk#pair={code}", NO_CAMERA)
    again.locator("body[data-state=help]").wait_for()
    assert again.evaluate("localStorage.getItem('facegate.token')") is None
