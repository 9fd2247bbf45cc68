"""The Flask application, made from its collaborators."""

from flask import Flask
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from services.gateway.access import AccessControl
from services.gateway.access_api import access_api
from services.gateway.access_lockdowns_api import access_lockdowns_api
from services.gateway.audit import record_actions
from services.gateway.audit_api import AuditDesk, audit_api
from services.gateway.authentication import KioskAuthenticator, PrincipalAuthenticator
from services.gateway.batches import Batches
from services.gateway.batches_api import batches_api
from services.gateway.compression import compress_pages
from services.gateway.consent_api import consent_api
from services.gateway.console.audit import audit_pages
from services.gateway.console.batches import batches_pages
from services.gateway.console.dead_letters import dead_letter_pages
from services.gateway.console.doors import door_pages
from services.gateway.console.drift import drift_pages
from services.gateway.console.held import held_pages
from services.gateway.console.holidays import holiday_pages
from services.gateway.console.home import home_pages
from services.gateway.console.invitations import invitation_pages
from services.gateway.console.kiosks import kiosk_pages
from services.gateway.console.layout import Console, open_console
from services.gateway.console.live import live_pages
from services.gateway.console.lockdown import lockdown_pages
from services.gateway.console.operations import operations_pages
from services.gateway.console.operators import operator_pages
from services.gateway.console.people import people_pages
from services.gateway.console.rules import rule_pages
from services.gateway.console.sign_in import account_pages, sign_in_pages
from services.gateway.console.tokens import token_pages
from services.gateway.dead_letters import DeadLetterDesk
from services.gateway.dead_letters_api import dead_letters_api
from services.gateway.decisions_api import decisions_api
from services.gateway.docs import docs
from services.gateway.door_actions import DoorActions
from services.gateway.door_actions_api import door_actions_api
from services.gateway.drift import DriftChecks
from services.gateway.drift_api import drift_api
from services.gateway.emergencies import EmergencyDesk
from services.gateway.emergencies_api import emergencies_api
from services.gateway.error_handlers import handle_errors, overloaded_answer
from services.gateway.exports import PersonalData
from services.gateway.exports_api import exports_api
from services.gateway.health import health
from services.gateway.held import HeldPhotos
from services.gateway.held_api import held_api
from services.gateway.invitations import Invitations
from services.gateway.invitations_api import invitations_api
from services.gateway.invited_api import invited_api
from services.gateway.join_page import join_page
from services.gateway.kiosk_api import kiosk_api
from services.gateway.kiosk_contacts import KioskContacts
from services.gateway.kiosk_pairing_api import own_kiosk_api, pairing_api
from services.gateway.kiosk_signatures import FrameSignatures
from services.gateway.kiosks import KioskRegister
from services.gateway.kiosks_api import kiosks_api
from services.gateway.logs import log_requests
from services.gateway.operations import OperationsDesk
from services.gateway.operations_api import operations_api
from services.gateway.operators import OperatorRegister
from services.gateway.operators_api import operators_api
from services.gateway.page_files import KEPT_SECONDS, STATIC, languages, version_of
from services.gateway.pages import pages, secure
from services.gateway.people import Register
from services.gateway.people_api import people_api
from services.gateway.photos_api import photos_api
from services.gateway.retries import RepeatableRecognitions
from services.gateway.service import Recognitions
from services.gateway.session_api import session_api, sign_in_api
from services.gateway.sessions import Sessions
from services.gateway.settings import GatewaySettings
from services.gateway.strict_transport import insist_on_tls
from services.gateway.tokens import TokenRegister
from services.gateway.tokens_api import tokens_api
from services.gateway.turning_away import TurningAway, turn_away


def create_app(
    recognitions: Recognitions,
    repeatable: RepeatableRecognitions,
    kiosks: KioskAuthenticator,
    settings: GatewaySettings,
    *,
    register: Register,
    held: HeldPhotos,
    batches: Batches,
    principals: PrincipalAuthenticator,
    sessions: Sessions,
    operators: OperatorRegister,
    tokens: TokenRegister,
    kiosk_register: KioskRegister,
    signatures: FrameSignatures,
    contacts: KioskContacts,
    access: AccessControl,
    door_actions: DoorActions,
    emergencies: EmergencyDesk,
    audit: AuditDesk,
    personal: PersonalData,
    operations: OperationsDesk,
    invitations: Invitations,
    dead_letters: DeadLetterDesk,
    drift: DriftChecks,
) -> Flask:
    """Make the application.

    Parameters
    ----------
    recognitions : Recognitions
        What becomes of a visitor's frames.
    repeatable : RepeatableRecognitions
        What becomes of those that are sent with an ``Idempotency-Key``.
    kiosks : KioskAuthenticator
        Which kiosk is talking.
    settings : GatewaySettings
        Limits on frames, photos and waiting.
    register : Register
        The people enrolled.
    held : HeldPhotos
        The photos that wait for an operator.
    batches : Batches
        The batches submitted.
    principals : PrincipalAuthenticator
        Which program or operator is talking, and what they may.
    sessions : Sessions
        Who is signed in.
    operators : OperatorRegister
        The operators.
    tokens : TokenRegister
        The tokens issued.
    kiosk_register : KioskRegister
        The kiosks registered.
    signatures : FrameSignatures
        Refuses frames that are not fresh.
    contacts : KioskContacts
        Notes when kiosks were heard of.
    access : AccessControl
        Zones, doors, rules, holidays and lockdowns.
    door_actions : DoorActions
        What doors do when somebody may pass.
    emergencies : EmergencyDesk
        Where all doors are opened or locked.
    audit : AuditDesk
        The audit trail.
    personal : PersonalData
        Photos and exports of people.
    invitations : Invitations
        The links by which people send photos of themselves.
    dead_letters : DeadLetterDesk
        The messages that could not be read or done.
    drift : DriftChecks
        Compares the face collection with the tables.
    operations : OperationsDesk
        How the machinery does.
    """
    app = Flask(__name__, static_url_path=f"/static/{version_of(STATIC)}")
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = KEPT_SECONDS
    app.jinja_env.undefined = StrictUndefined
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, settings.proxies, settings.proxies)  # type: ignore[method-assign]  # as Flask's documentation does
    log_requests(app)
    handle_errors(app)
    app.after_request(secure)
    compress_pages(app)
    insist_on_tls(app, settings.hsts_seconds)
    app.register_blueprint(
        kiosk_api(recognitions, repeatable, kiosks, settings, signatures=signatures, contacts=contacts)
    )
    app.register_blueprint(own_kiosk_api(kiosk_register, kiosks, contacts))
    app.register_blueprint(pairing_api(kiosk_register, settings))
    app.register_blueprint(kiosks_api(kiosk_register, principals, settings))
    app.register_blueprint(people_api(register, principals, settings))
    app.register_blueprint(photos_api(register, principals, settings))
    app.register_blueprint(held_api(held, principals, settings))
    app.register_blueprint(batches_api(batches, principals, settings))
    app.register_blueprint(audit_api(audit, principals))
    app.register_blueprint(exports_api(personal, principals))
    app.register_blueprint(consent_api(register, principals, settings))
    app.register_blueprint(invitations_api(invitations, principals, settings))
    app.register_blueprint(invited_api(invitations, settings))
    app.register_blueprint(decisions_api(audit.trail, principals))
    app.register_blueprint(access_api(access, principals, settings))
    app.register_blueprint(access_lockdowns_api(access, principals, settings))
    app.register_blueprint(door_actions_api(door_actions, principals, settings))
    app.register_blueprint(emergencies_api(emergencies, principals, settings))
    app.register_blueprint(dead_letters_api(dead_letters, principals))
    app.register_blueprint(drift_api(drift, principals))
    app.register_blueprint(operations_api(operations, principals))
    app.register_blueprint(docs(app))
    app.register_blueprint(sign_in_api(sessions, operators, settings))
    app.register_blueprint(session_api(sessions, operators, settings))
    app.register_blueprint(operators_api(operators, principals, settings))
    app.register_blueprint(tokens_api(tokens, principals, settings))
    app.register_blueprint(health(recognitions))
    spoken = languages()
    app.register_blueprint(pages(settings, spoken))
    app.register_blueprint(join_page(settings, spoken, invitations.consent_texts))
    open_console(app, Console(sessions, spoken))
    for some_pages in (
        sign_in_pages(),
        account_pages(),
        home_pages(access, kiosk_register, register, held),
        live_pages(audit, access, sessions),
        audit_pages(audit),
        people_pages(register, access, settings),
        invitation_pages(invitations),
        held_pages(held, register),
        batches_pages(batches, settings),
        dead_letter_pages(dead_letters),
        drift_pages(drift),
        door_pages(access, door_actions, register),
        lockdown_pages(emergencies),
        rule_pages(access),
        holiday_pages(access),
        kiosk_pages(kiosk_register, access),
        operations_pages(operations),
        operator_pages(operators),
        token_pages(tokens),
    ):
        app.register_blueprint(some_pages)
    record_actions(app, audit.recorder)
    refusal = secure(overloaded_answer(app))
    turning_away = TurningAway(
        recognitions.admission, refusal, settings.max_frame_bytes, measures=recognitions.measures
    )
    turn_away(app, turning_away)
    return app
