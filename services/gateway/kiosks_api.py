"""The API of kiosks as operators work with them: registered, moved, revoked."""

from datetime import UTC, datetime
from http import HTTPStatus

from flask import Blueprint, Response, g, request, url_for

from services.contracts.domain import Scope
from services.contracts.kiosks import Kiosk
from services.gateway.authentication import PrincipalAuthenticator
from services.gateway.cursors import Cursors, page_size
from services.gateway.etags import etag, wanted_version
from services.gateway.json_answer import json_answer
from services.gateway.json_body import read_json
from services.gateway.kiosk_bodies import (
    KioskBody,
    KioskChange,
    KiosksBody,
    NewKiosk,
    PairingCodeBody,
    RegisteredKioskBody,
)
from services.gateway.kiosks import KioskRegister
from services.gateway.openapi import Answer, json_of, operation
from services.gateway.openapi_fields import ETAG, IF_MATCH, LOCATION, PAGE
from services.gateway.problems import KIOSK_CHANGED, KIOSK_EXISTS, UNKNOWN_KIOSK
from services.gateway.settings import GatewaySettings
from services.gateway.watchdog import Watchdog


def kiosks_api(
    register: KioskRegister, authenticator: PrincipalAuthenticator, settings: GatewaySettings
) -> Blueprint:
    """Make the blueprint of ``/v1/kiosks``."""
    blueprint = Blueprint("kiosks_api", __name__, url_prefix="/v1/kiosks")
    authenticator.guard(blueprint, reading=Scope.KIOSKS_READ, writing=Scope.KIOSKS_WRITE)
    watchdog = Watchdog(settings.photo_timeout)

    @blueprint.post("")
    @operation(
        "Register a kiosk",
        Answer(
            HTTPStatus.CREATED,
            "The kiosk, and the code to pair it with, which is shown this once.",
            RegisteredKioskBody,
            (LOCATION, ETAG),
        ),
        takes=json_of(NewKiosk),
        problems=(KIOSK_EXISTS,),
    )
    def create() -> Response:
        kiosk, offered = register.register(read_json(request, NewKiosk, watchdog))
        body = RegisteredKioskBody.of(kiosk, datetime.now(UTC), pairing_code=str(offered.code))
        response = json_answer(body, HTTPStatus.CREATED)
        response.headers["ETag"] = etag(kiosk.version)
        response.headers["Location"] = url_for("kiosks_api.show", kiosk_id=kiosk.kiosk_id)
        return response

    @blueprint.get("")
    @operation(
        "List kiosks",
        Answer(HTTPStatus.OK, "A page of the list, in no particular order.", KiosksBody),
        parameters=PAGE,
    )
    def kiosks() -> Response:
        cursors = Cursors(g.principal, "kiosks")
        page, position = register.page(cursors.read(request.args.get("cursor")), page_size(request.args))
        now = datetime.now(UTC)
        body = KiosksBody(
            kiosks=[KioskBody.of(kiosk, now) for kiosk in page], next_cursor=cursors.write(position)
        )
        return json_answer(body)

    @blueprint.get("/<kiosk_id>")
    @operation(
        "Show a kiosk",
        Answer(HTTPStatus.OK, "The kiosk.", KioskBody, (ETAG,)),
        problems=(UNKNOWN_KIOSK,),
    )
    def show(kiosk_id: str) -> Response:
        return _answer(register.find(kiosk_id))

    @blueprint.patch("/<kiosk_id>")
    @operation(
        "Change a kiosk: its name, its door, whether it signs",
        Answer(HTTPStatus.OK, "The kiosk as changed.", KioskBody, (ETAG,)),
        description="What is left out of the body stays as it is (RFC 7396). It holds within two seconds.",
        takes=json_of(KioskChange),
        parameters=(IF_MATCH,),
        problems=(UNKNOWN_KIOSK, KIOSK_CHANGED),
    )
    def change(kiosk_id: str) -> Response:
        version = wanted_version(request.headers.get("If-Match"), KIOSK_CHANGED)
        fields = read_json(request, KioskChange, watchdog).fields()
        return _answer(register.change(kiosk_id, fields, version))

    @blueprint.delete("/<kiosk_id>")
    @operation(
        "Remove a kiosk",
        Answer(HTTPStatus.NO_CONTENT, "It is gone; its token opens nothing within two seconds."),
        problems=(UNKNOWN_KIOSK,),
    )
    def remove(kiosk_id: str) -> Response:
        register.remove(kiosk_id)
        return Response(status=HTTPStatus.NO_CONTENT)

    @blueprint.post("/<kiosk_id>/revocation")
    @operation(
        "End a kiosk's token and pairing code",
        Answer(HTTPStatus.OK, "The kiosk, which can be paired anew.", KioskBody, (ETAG,)),
        description="The token opens nothing within two seconds.",
        problems=(UNKNOWN_KIOSK,),
    )
    def revoke(kiosk_id: str) -> Response:
        return _answer(register.revoke(kiosk_id))

    @blueprint.post("/<kiosk_id>/pairing-codes")
    @operation(
        "Make a pairing code",
        Answer(
            HTTPStatus.CREATED,
            "The code, which is shown this once and works for 15 minutes, once.",
            PairingCodeBody,
        ),
        description="A code made earlier ends at once, the kiosk's token when the code is used.",
        problems=(UNKNOWN_KIOSK,),
    )
    def offer(kiosk_id: str) -> Response:
        offered = register.offer(kiosk_id)
        body = PairingCodeBody.of(offered.kiosk_id, offered.code, offered.until)
        return json_answer(body, HTTPStatus.CREATED)

    return blueprint


def _answer(kiosk: Kiosk) -> Response:
    response = json_answer(KioskBody.of(kiosk, datetime.now(UTC)))
    response.headers["ETag"] = etag(kiosk.version)
    return response
