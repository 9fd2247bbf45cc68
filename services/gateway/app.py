"""The Flask application, made from its collaborators."""

from flask import Flask

from services.gateway.authentication import KioskAuthenticator
from services.gateway.error_handlers import handle_errors
from services.gateway.health import health
from services.gateway.kiosk_api import kiosk_api
from services.gateway.logs import log_requests
from services.gateway.pages import pages, secure
from services.gateway.retries import RepeatableRecognitions
from services.gateway.service import Recognitions
from services.gateway.settings import GatewaySettings


def create_app(
    recognitions: Recognitions,
    repeatable: RepeatableRecognitions,
    authenticator: KioskAuthenticator,
    settings: GatewaySettings,
) -> Flask:
    """Make the application.

    Parameters
    ----------
    recognitions : Recognitions
        What becomes of a visitor's frames.
    repeatable : RepeatableRecognitions
        What becomes of those that are sent with an ``Idempotency-Key``.
    authenticator : KioskAuthenticator
        Who is talking.
    settings : GatewaySettings
        Limits on frames and waiting.
    """
    app = Flask(__name__)
    log_requests(app)
    handle_errors(app)
    app.after_request(secure)
    app.register_blueprint(kiosk_api(recognitions, repeatable, authenticator, settings))
    app.register_blueprint(health(recognitions))
    app.register_blueprint(pages(settings))
    return app
