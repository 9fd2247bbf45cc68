"""The API of people's photos, and of what becomes of them."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from flask import Blueprint, Response, g, request, url_for

from services.contracts.domain import Scope
from services.gateway.authentication import PrincipalAuthenticator
from services.gateway.bodies_at_once import Room
from services.gateway.cursors import Cursors, page_size
from services.gateway.json_answer import json_answer
from services.gateway.json_body import read_json
from services.gateway.openapi import Answer, json_of, operation, pictures_of
from services.gateway.openapi_fields import LOCATION, PAGE
from services.gateway.people import Register
from services.gateway.person_bodies import (
    PHOTO_ENDINGS,
    DeletionBody,
    EnrollmentBody,
    PhotosBody,
    PhotosToUpload,
    UploadBody,
    UploadsBody,
)
from services.gateway.problems import (
    PERSON_DELETING,
    PHOTO_ON_ITS_WAY,
    TOO_MANY_PHOTOS,
    UNKNOWN_ENROLLMENT,
    UNKNOWN_PERSON,
    UNSUPPORTED_PHOTO_TYPE,
)
from services.gateway.request_body import PHOTO, BodyLimits, read_pictures
from services.gateway.settings import GatewaySettings
from services.gateway.watchdog import Watchdog

#: How long a form puts its photo into S3.
_UPLOAD_SECONDS = 900


def photos_api(
    register: Register, authenticator: PrincipalAuthenticator, settings: GatewaySettings
) -> Blueprint:
    """Make the blueprint of ``/v1/people/<id>/photos`` and ``/v1/enrollments``."""
    blueprint = Blueprint("photos_api", __name__, url_prefix="/v1")
    authenticator.guard(blueprint, reading=Scope.PEOPLE_READ, writing=Scope.PEOPLE_WRITE)
    watchdog = Watchdog(settings.photo_timeout)
    limits = BodyLimits(settings.max_photo_bytes, settings.max_photo_bytes, 1, watchdog, PHOTO)
    room = Room(settings.photos_taken_at_once, TOO_MANY_PHOTOS, "photos")

    @blueprint.post("/people/<person_id>/photos")
    @operation(
        "Send a photo of a person",
        Answer(
            HTTPStatus.ACCEPTED,
            "The enrollment, which a worker does.",
            EnrollmentBody,
            (LOCATION,),
        ),
        Answer(HTTPStatus.OK, "It was sent before; what became of it.", EnrollmentBody, (LOCATION,)),
        takes=pictures_of(PHOTO, 1, *PHOTO_ENDINGS),
        problems=(UNKNOWN_PERSON, PERSON_DELETING, TOO_MANY_PHOTOS),
    )
    def add_photo(person_id: str) -> Response:
        register.find(person_id)
        with room.taken():
            (photo,) = read_pictures(request, limits)
            enrollment = register.add_photo(person_id, photo.data, photo.content_type)
        body = EnrollmentBody.of(enrollment)
        response = json_answer(body, HTTPStatus.OK if enrollment.finished else HTTPStatus.ACCEPTED)
        response.headers["Location"] = _enrollment_url(enrollment.enrollment_id)
        return response

    @blueprint.get("/people/<person_id>/photos")
    @operation(
        "List a person's photos",
        Answer(HTTPStatus.OK, "A page of the list.", PhotosBody),
        parameters=PAGE,
        problems=(UNKNOWN_PERSON,),
    )
    def photos(person_id: str) -> Response:
        cursors = Cursors(g.principal, f"photos {person_id}")
        position = cursors.read(request.args.get("cursor"))
        enrollments, following = register.photos(person_id, position, page_size(request.args))
        body = PhotosBody(
            photos=[EnrollmentBody.of(enrollment) for enrollment in enrollments],
            next_cursor=cursors.write(following),
        )
        return json_answer(body)

    @blueprint.post("/people/<person_id>/photos/uploads")
    @operation(
        "Make forms that put photos into S3",
        Answer(HTTPStatus.OK, "The forms, good for 15 minutes.", UploadsBody),
        takes=json_of(PhotosToUpload),
        problems=(UNKNOWN_PERSON, PERSON_DELETING, UNSUPPORTED_PHOTO_TYPE),
    )
    def uploads(person_id: str) -> Response:
        wanted = read_json(request, PhotosToUpload, watchdog)
        expires_at = datetime.now(UTC) + timedelta(seconds=_UPLOAD_SECONDS)
        forms = register.upload_forms(person_id, wanted.photos, settings.max_photo_bytes, _UPLOAD_SECONDS)
        body = UploadsBody(
            uploads=[
                UploadBody(
                    url=form.url,
                    fields=form.fields,
                    enrollment_id=enrollment_id,
                    enrollment=_enrollment_url(enrollment_id),
                )
                for enrollment_id, form in forms
            ],
            max_bytes=settings.max_photo_bytes,
            expires_at=expires_at,
        )
        return json_answer(body)

    @blueprint.delete("/people/<person_id>/photos/<enrollment_id>")
    @operation(
        "Remove a photo of a person",
        Answer(
            HTTPStatus.ACCEPTED,
            "The receipt, filled in as it goes on.",
            DeletionBody,
            (LOCATION,),
        ),
        problems=(UNKNOWN_PERSON, UNKNOWN_ENROLLMENT, PHOTO_ON_ITS_WAY, PERSON_DELETING),
    )
    def remove_photo(person_id: str, enrollment_id: str) -> Response:
        deletion = register.remove_photo(person_id, enrollment_id, g.principal.name)
        response = json_answer(DeletionBody.of(deletion), HTTPStatus.ACCEPTED)
        response.headers["Location"] = url_for("people_api.deletion", deletion_id=deletion.deletion_id)
        return response

    @blueprint.get("/enrollments/<enrollment_id>")
    @operation(
        "Show what became of a photo",
        Answer(HTTPStatus.OK, "The enrollment.", EnrollmentBody),
        problems=(UNKNOWN_ENROLLMENT,),
    )
    def enrollment(enrollment_id: str) -> Response:
        return json_answer(EnrollmentBody.of(register.enrollment(enrollment_id)))

    return blueprint


def _enrollment_url(enrollment_id: str) -> str:
    return url_for("photos_api.enrollment", enrollment_id=enrollment_id)
