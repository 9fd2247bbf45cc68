"""A bucket, a collection and tables that behave as AWS's do, in memory."""

from datetime import UTC, datetime
from io import BytesIO
from itertools import count

from PIL import Image

from services.aws.enrollments import Written
from services.aws.errors import AwsUnavailable
from services.aws.face_index import IndexedPhoto, PhotographedFace, UnlikeUser
from services.aws.photos import PhotoMissing, UploadedPhoto
from services.contracts.domain import EnrollmentStatus, FaceMatch
from services.contracts.ids import kept_photo_key
from services.contracts.messages import EnrollJob, StoredObject
from services.enroll.service import EnrollService
from services.enroll.settings import EnrollSettings
from services.operations.measures import Measures
from services.operations.tally import Tally

NOW = datetime(2026, 1, 2, tzinfo=UTC)
GOOD = PhotographedFace(0.5, 0.5, confidence=99.9, brightness=55, sharpness=80, yaw=3, pitch=-4, roll=1)


def jpeg(shade=120, size=(200, 200)):
    """A picture of its own for each shade: in this collection everybody's face is a shade of grey."""
    file = BytesIO()
    Image.new("RGB", size, (shade,) * 3).save(file, "JPEG")
    return file.getvalue()


def shade_of(picture):
    with Image.open(BytesIO(picture)) as image:
        return image.convert("L").getpixel((0, 0))


class Bucket:
    def __init__(self):
        self.objects = {}
        self.said = {"full_name": "Ada Lovelace"}
        self.error = None

    def upload(self, key, data, **said):
        self.objects[key] = data
        self.said = said or self.said

    def read(self, photo, max_bytes):
        if self.error:
            raise self.error
        data = self.objects.get(photo.key)
        if data is None:
            raise PhotoMissing(photo.key)
        return UploadedPhoto(len(data), data if len(data) <= max_bytes else None, **self.said)

    def keep(self, picture, person_id, enrollment_id):
        key = kept_photo_key(person_id, enrollment_id)
        self.objects[key] = picture
        return StoredObject(bucket="b", key=key)

    def kept(self, key):
        return self.objects[key]

    def discard(self, photo):
        self.objects.pop(photo.key, None)

    def discard_versions(self, key):
        self.objects.pop(key, None)


class Collection:
    """Like Rekognition it keeps one face of an image under one external id; faces resemble by their shade."""

    def __init__(self):
        self.found = GOOD
        self.others = ()
        self.faces, self.users = {}, {}
        self.ids = count(1)
        self.error = None
        self.before_associate = self.before_delete = lambda: None

    def index(self, picture, person_id):
        if self.error:
            raise self.error
        if self.found is None:
            return IndexedPhoto(None, None, self.others)
        known = [face_id for face_id, face in self.faces.items() if face == (picture, person_id)]
        face_id = known[0] if known else f"face-{next(self.ids)}"
        self.faces[face_id] = (picture, person_id)
        return IndexedPhoto(face_id, self.found, self.others)

    def _similarity(self, one, other):
        return max(0.0, 100 - abs(shade_of(self.faces[one][0]) - shade_of(self.faces[other][0])) / 2)

    def resembling(self, face_id, threshold):
        found = [
            FaceMatch(
                face_id=other,
                external_id=self.faces[other][1],
                user_id=next((user for user, faces in self.users.items() if other in faces), None),
                similarity=self._similarity(face_id, other),
            )
            for other in self.faces
            if other != face_id
        ]
        found = [match for match in found if match.similarity >= threshold]
        return sorted(found, key=lambda match: match.similarity, reverse=True)

    def associate(self, face_id, person_id, threshold):
        self.before_associate()
        if face_id not in self.faces:
            raise AwsUnavailable("FACE_NOT_FOUND")
        faces = self.users.setdefault(person_id, set())
        similarity = max((self._similarity(face_id, other) for other in faces), default=100)
        if similarity < threshold:
            raise UnlikeUser(similarity)
        faces.add(face_id)

    def delete(self, face_ids):
        self.before_delete()
        associated = set().union(*self.users.values())
        for face_id in set(face_ids) - associated:
            self.faces.pop(face_id, None)

    def remove(self, face_id, person_id):
        self.users.get(person_id, set()).discard(face_id)
        self.delete([face_id])

    def delete_user(self, person_id):
        self.users.pop(person_id, None)


class Tables:
    def __init__(self):
        self.enrollments, self.faces, self.people, self.photos = {}, {}, {}, {}
        self.deleted = {}
        self.before_finish = lambda: None

    def get(self, enrollment_id):
        return self.enrollments.get(enrollment_id)

    def face(self, face_id):
        return self.faces.get(face_id)

    def full_name(self, person_id):
        person = self.people.get(person_id)
        return person and person.full_name

    def is_deleted(self, person_id, asked_for_at):
        return person_id in self.deleted and self.deleted[person_id] >= asked_for_at

    def held(self):
        return iter([one for one in self.enrollments.values() if one.status is EnrollmentStatus.HELD])

    def _open(self, enrollment):
        known = self.get(enrollment.enrollment_id)
        if known is None or known.status in {EnrollmentStatus.RECEIVED, EnrollmentStatus.FAILED}:
            return True
        return known.person_id is None and known.finished_at < enrollment.received_at

    def _held(self, enrollment):
        return self.get(enrollment.enrollment_id).status is EnrollmentStatus.HELD

    def _save(self, enrollment, allowed):
        if allowed:
            self.enrollments[enrollment.enrollment_id] = enrollment
        return allowed

    def save(self, enrollment):
        return self._save(enrollment, self._open(enrollment))

    def save_held(self, enrollment):
        return self._save(enrollment, self._held(enrollment))

    def finish_indexed(self, enrollment, face, person, *, was_held=False):
        self.before_finish()
        if not (self._held if was_held else self._open)(enrollment):
            return Written.FINISHED_BEFORE
        if face.face_id in self.faces:
            return Written.FACE_TAKEN
        if self.is_deleted(person.person_id, enrollment.asked_for_at):
            return Written.PERSON_DELETED
        self.enrollments[enrollment.enrollment_id] = enrollment
        self.faces[face.face_id] = face
        self.people.setdefault(person.person_id, person)
        self.photos[person.person_id] = self.photos.get(person.person_id, 0) + 1
        return Written.DONE


class World:
    """A service with its bucket, collection and tables."""

    def __init__(self, **settings):
        self.bucket, self.collection, self.tables = Bucket(), Collection(), Tables()
        self.bucket.upload("index/e-1", jpeg())
        self.settings = EnrollSettings(**settings)
        self.tally = Tally()
        self.service = self.worker()

    def worker(self):
        measures = Measures(self.tally)
        return EnrollService(
            photos=self.bucket,
            faces=self.collection,
            enrollments=self.tables,
            settings=self.settings,
            measures=measures,
            now=lambda: NOW,
        )

    def enroll(self, enrollment_id="e-1", name=None, shade=None, **said):
        if shade is not None:
            said = {"full_name": name, **said}
            self.bucket.upload(f"index/{enrollment_id}", jpeg(shade), **said)
        return self.service.handle(job(enrollment_id))


def job(enrollment_id="e-1", received_at=NOW):
    photo = StoredObject(bucket="b", key=f"index/{enrollment_id}", version_id="1")
    return EnrollJob(enrollment_id=enrollment_id, photo=photo, received_at=received_at)
