"""The API of kiosks about themselves: how they get a token, and a new one for it."""

from datetime import UTC, datetime
from http import HTTPStatus

from flask import Blueprint, Response, g, request

from services.contracts.kiosk_signatures import TIME
from services.gateway.authentication import KioskAuthenticator
from services.gateway.json_answer import json_answer
from services.gateway.json_body import read_json
from services.gateway.kiosk_bodies import KioskTokenBody, OwnKioskBody, PairingOrder
from services.gateway.kiosk_contacts import KioskContacts
from services.gateway.kiosks import KioskRegister
from services.gateway.limits import RateLimit
from services.gateway.openapi import Answer, Guard, Security, guarded, json_of, operation
from services.gateway.problems import TOKEN_CHANGED, TOO_MANY_TRIES, WRONG_PAIRING_CODE
from services.gateway.settings import GatewaySettings
from services.gateway.watchdog import Watchdog

_EVERYBODY = "everybody"


def pairing_api(register: KioskRegister, settings: GatewaySettings) -> Blueprint:
    """Make the blueprint of ``/v1/kiosks/pairing``, for which nobody needs a token."""
    blueprint = Blueprint("pairing_api", __name__, url_prefix="/v1/kiosks/pairing")
    watchdog = Watchdog(settings.photo_timeout)
    of_an_address, of_all = RateLimit(settings.pairing_limit), RateLimit(settings.pairing_limit_of_all)

    @blueprint.before_request
    def refuse() -> None:
        # before anything is read, and before the audit trail is written
        of_an_address.count(request.remote_addr or "")
        of_all.count(_EVERYBODY)

    @blueprint.post("")
    @operation(
        "Exchange a pairing code for a kiosk's token",
        Answer(HTTPStatus.CREATED, "The token, which is shown this once.", KioskTokenBody),
        description="Needs no token. A code works once. Whoever tries too many is told to wait.",
        takes=json_of(PairingOrder),
        problems=(WRONG_PAIRING_CODE, TOO_MANY_TRIES),
    )
    def pair() -> Response:
        order = read_json(request, PairingOrder, watchdog)
        kiosk, token = register.pair(order.code)
        body = KioskTokenBody(kiosk_id=kiosk.kiosk_id, door_id=kiosk.door_id, token=str(token))
        return json_answer(body, HTTPStatus.CREATED)

    return blueprint


def own_kiosk_api(
    register: KioskRegister, authenticator: KioskAuthenticator, contacts: KioskContacts
) -> Blueprint:
    """Make the blueprint of ``/v1/kiosk``."""
    blueprint = Blueprint("own_kiosk_api", __name__, url_prefix="/v1/kiosk")
    guarded(blueprint, Guard((Security.KIOSK,)))

    @blueprint.before_request
    def authenticate() -> None:
        g.kiosk = authenticator.authenticate(request.headers.get("Authorization"))
        contacts.heard(g.kiosk, request.headers.get(TIME))

    @blueprint.get("")
    @operation(
        "Show the kiosk whose token this is",
        Answer(HTTPStatus.OK, "The kiosk.", OwnKioskBody),
        description="A kiosk that has no visitors says so that it lives, once in half a minute.",
    )
    def show() -> Response:
        kiosk = g.kiosk
        body = OwnKioskBody(
            kiosk_id=kiosk.kiosk_id,
            name=kiosk.name,
            door_id=kiosk.door_id,
            signed_frames_only=kiosk.signed_frames_only,
            time=datetime.now(UTC),
        )
        return json_answer(body)

    @blueprint.post("/token")
    @operation(
        "Get a new token for the one that this is",
        Answer(HTTPStatus.CREATED, "The token, which is shown this once.", KioskTokenBody),
        description="The one shown works for a minute more, so that a lost answer locks no kiosk out.",
        problems=(TOKEN_CHANGED,),
    )
    def rotate() -> Response:
        token, until = register.rotate(authenticator.shown(request.headers.get("Authorization")))
        body = KioskTokenBody(
            kiosk_id=g.kiosk.kiosk_id, door_id=g.kiosk.door_id, token=str(token), previous_token_until=until
        )
        return json_answer(body, HTTPStatus.CREATED)

    return blueprint
