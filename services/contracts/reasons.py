"""Why a door opened or stayed shut, and why a photo became no face."""

from enum import StrEnum


class Outcome(StrEnum):
    """What the door does."""

    GRANTED = "granted"
    DENIED = "denied"


class DecisionReason(StrEnum):
    """Why a recognition ended as it did; exactly one grants."""

    MATCH = "match"
    NO_MATCH = "no_match"
    NO_FACE = "no_face"
    AMBIGUOUS = "ambiguous"
    PERSON_DISABLED = "person_disabled"
    PERSON_NOT_YET_VALID = "person_not_yet_valid"
    PERSON_EXPIRED = "person_expired"
    SITE_LOCKED = "site_locked"
    UNKNOWN_DOOR = "unknown_door"
    ZONE_LOCKED = "zone_locked"
    DOOR_LOCKED = "door_locked"
    NO_RULE = "no_rule"
    OUTSIDE_SCHEDULE = "outside_schedule"
    UNKNOWN_KIOSK = "unknown_kiosk"
    INVALID_FRAME = "invalid_frame"
    EXPIRED = "expired"
    INTERNAL_ERROR = "internal_error"

    @property
    def outcome(self) -> Outcome:
        """What this reason does to the door."""
        return Outcome.GRANTED if self is DecisionReason.MATCH else Outcome.DENIED

    @property
    def sentence(self) -> str:
        """The reason in words for the person at the door."""
        return _DECISION_SENTENCES[self]


class RejectionReason(StrEnum):
    """Why a photo was refused as an enrolment picture."""

    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    TOO_SMALL = "too_small"
    BLURRED = "blurred"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    TURNED_AWAY = "turned_away"
    SUNGLASSES = "sunglasses"
    LOW_QUALITY = "low_quality"
    INVALID_IMAGE = "invalid_image"
    TOO_LARGE = "too_large"
    NO_FULL_NAME = "no_full_name"
    PHOTO_MISSING = "photo_missing"
    SAME_PHOTO = "same_photo"
    OTHER_PERSON = "other_person"
    UNLIKE_OTHER_PHOTOS = "unlike_other_photos"
    PERSON_DELETED = "person_deleted"

    @property
    def sentence(self) -> str:
        """The reason in words for the operator, with the way out."""
        return _REJECTION_SENTENCES[self]


_DECISION_SENTENCES = {
    DecisionReason.MATCH: "Welcome.",
    DecisionReason.NO_MATCH: "This face is not enrolled.",
    DecisionReason.NO_FACE: "No face was found. Please look straight at the camera.",
    DecisionReason.AMBIGUOUS: "This face resembles more than one person. Please ask at the desk.",
    DecisionReason.PERSON_DISABLED: "This person's access is switched off. Please ask at the desk.",
    DecisionReason.PERSON_NOT_YET_VALID: "Your access has not begun yet. Please ask at the desk.",
    DecisionReason.PERSON_EXPIRED: "Your access has ended. Please ask at the desk.",
    DecisionReason.SITE_LOCKED: "All doors are locked. Please follow the instructions of the staff.",
    DecisionReason.UNKNOWN_DOOR: "This door is not set up. Please ask at the desk.",
    DecisionReason.ZONE_LOCKED: "This area is locked. Please follow the instructions of the staff.",
    DecisionReason.DOOR_LOCKED: "This door is locked. Please use another one.",
    DecisionReason.NO_RULE: "You may not pass this door. Please ask at the desk.",
    DecisionReason.OUTSIDE_SCHEDULE: "You may not pass this door at this time.",
    DecisionReason.UNKNOWN_KIOSK: "This kiosk is not registered.",
    DecisionReason.INVALID_FRAME: "The picture could not be read. Please try again.",
    DecisionReason.EXPIRED: "This took too long. Please try again.",
    DecisionReason.INTERNAL_ERROR: "Something went wrong on our side. Please try again.",
}

_REJECTION_SENTENCES = {
    RejectionReason.NO_FACE: "No face was found in the photo. Take one with the face in plain view.",
    RejectionReason.SEVERAL_FACES: "The photo shows more than one face. Crop it to one person.",
    RejectionReason.TOO_SMALL: "The face is too small. Take the photo from nearer, or send a larger one.",
    RejectionReason.BLURRED: "The face is blurred. Hold the camera still and take a sharper photo.",
    RejectionReason.TOO_DARK: "The face is too dark. Take the photo with light from the front.",
    RejectionReason.TOO_BRIGHT: "The face is too bright. Take the photo without a lamp or sun on the face.",
    RejectionReason.TURNED_AWAY: "The face is turned away. Take the photo from the front.",
    RejectionReason.SUNGLASSES: "The eyes are behind sunglasses. Take the photo without them.",
    RejectionReason.LOW_QUALITY: (
        "The face is too small, blurred, dark or turned away. Take a sharper photo from the front."
    ),
    RejectionReason.INVALID_IMAGE: (
        "The file is not a whole JPEG, PNG, WebP or HEIC picture. Send it again, or convert it to JPEG."
    ),
    RejectionReason.NO_FULL_NAME: (
        "The object has no FullName metadata. Put it again with --metadata FullName='Ada Lovelace'."
    ),
    RejectionReason.PHOTO_MISSING: "The photo was deleted or replaced before it could be indexed.",
    RejectionReason.TOO_LARGE: "The photo is larger than what is taken. Send a smaller one.",
    RejectionReason.SAME_PHOTO: "This person has the same photo already. Send a different one.",
    RejectionReason.OTHER_PERSON: "This face belongs to another person already.",
    RejectionReason.UNLIKE_OTHER_PHOTOS: "The face does not resemble the person's other photos.",
    RejectionReason.PERSON_DELETED: (
        "The person was deleted after the photo, or the batch that it came with, was submitted."
    ),
}
