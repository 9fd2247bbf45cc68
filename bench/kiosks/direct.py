"""The plain alternative: a Flask route that asks Rekognition and DynamoDB in the request.

The same look-ups, the same policy and the same decision written as in the recognize worker, and the same
size of gunicorn; what it lacks is a queue, a deadline, a refusal of overload and a second try.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from flask import Flask, request

from services.access.current import CurrentRules
from services.aws.access import AccessStore
from services.aws.collection import FaceCollection
from services.aws.connection import Aws, AwsSettings
from services.aws.decisions import DecisionStore
from services.aws.directory import Directory
from services.aws.kiosks import KioskStore
from services.contracts.domain import Decision
from services.contracts.messages import InlineFrame, RecognizeJob
from services.contracts.tokens import KioskToken
from services.gateway.frames import FrameLimits, read_frame
from services.gateway.schemas import DecisionBody
from services.operations.measures import Measures
from services.operations.tally import Tally
from services.recognize.service import RecognizeService
from services.recognize.settings import RecognizeSettings

_LIMITS = FrameLimits(max_bytes=5_000_000, max_pixels=4096 * 4096, min_side=80, needed_side=1280)


class _NobodyWaits:
    def send(self, queue_url: str, reply: Any) -> None:
        raise AssertionError((queue_url, reply))


class _NobodyOpens:
    def granted(self, decision: Decision) -> None:
        """No door acts here."""


def make_app() -> Flask:
    """Make the application, for ``gunicorn bench.kiosks.direct:make_app()``."""
    aws = Aws.connect(AwsSettings())
    settings = RecognizeSettings()
    kiosks = KioskStore(aws)
    service = RecognizeService(
        faces=FaceCollection(aws),
        people=Directory(aws),
        kiosks=kiosks,
        decisions=DecisionStore(aws),
        replies=_NobodyWaits(),
        rules=CurrentRules(AccessStore(aws)),
        doors=_NobodyOpens(),
        policy=settings.policy,
        search=settings.search,
        measures=Measures(Tally()),
    )
    app = Flask(__name__)

    @app.post("/recognitions")
    def recognize() -> tuple[str, int, dict[str, str]]:
        token = KioskToken.parse(request.headers["Authorization"].removeprefix("Bearer "))
        kiosk = kiosks.get(token.kiosk_id)
        now = datetime.now(UTC)
        if kiosk is None or not kiosk.accepts(token, now):
            return "{}", 401, {}
        frame = read_frame(request.get_data(), "image/jpeg", _LIMITS)
        job = RecognizeJob(
            recognition_id=str(uuid4()),
            kiosk_id=kiosk.kiosk_id,
            door_id=kiosk.door_id,
            frames=(InlineFrame(data=frame.data),),
            received_at=now,
            deadline=now + timedelta(minutes=1),
        )
        decision = service.handle(job)
        return DecisionBody.of(decision).model_dump_json(), 200, {"Content-Type": "application/json"}

    @app.get("/healthz")
    def healthz() -> str:
        return "ok"

    return app
