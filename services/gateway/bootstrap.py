"""Where a gateway process is plugged together."""

import atexit
from datetime import timedelta

from flask import Flask

from services.access.register import AccessRegister
from services.access.site import Site
from services.audit.sealer import Sealer
from services.audit.trail import TrailVerifier
from services.aws.access import AccessStore
from services.aws.archives import ArchiveStore
from services.aws.audit import AuditLog
from services.aws.audit_trail import AuditTrail
from services.aws.census import take_census
from services.aws.connection import Aws, AwsSettings
from services.aws.dead_letters import all_dead_letters
from services.aws.decisions import DecisionStore
from services.aws.deletions import DeletionStore
from services.aws.door_actions import DoorActionStore
from services.aws.door_targets import DoorTargets
from services.aws.drift_checks import DriftCheckStore
from services.aws.emergencies import EmergencyStore
from services.aws.enrollments import EnrollmentStore
from services.aws.exports import PersonExports
from services.aws.frames import FrameStore
from services.aws.idempotency import CreationStore, RequestStore
from services.aws.invitations import InvitationStore
from services.aws.jobs import JobQueue
from services.aws.kiosk_nonces import KioskNonceStore
from services.aws.kiosks import KioskStore
from services.aws.operators import OperatorStore
from services.aws.outcomes import Outcomes
from services.aws.people import PeopleStore
from services.aws.photo_removal import PhotoRemovalStore
from services.aws.photo_uploads import PhotoUploadStore
from services.aws.photos import PhotoStore
from services.aws.pulses import PulseStore
from services.aws.pulsing import Pulsing
from services.aws.replies import ReplyQueue, ReplyQueues
from services.aws.sessions import SessionStore
from services.aws.submissions import SubmissionStore
from services.aws.tokens import TokenStore
from services.contracts.operations import QueueName, Service
from services.doors.emergencies import Emergencies
from services.doors.sending import OrderSender
from services.doors.settings import DoorSettings
from services.doors.webhooks import WebhookSender
from services.gateway.access import AccessControl
from services.gateway.admission import Admission
from services.gateway.app import create_app
from services.gateway.audit_api import AuditDesk
from services.gateway.audit_sealing import DailySealing
from services.gateway.authentication import KioskAuthenticator, PrincipalAuthenticator, ProgramAuthenticator
from services.gateway.backlog import Backlog
from services.gateway.batches import Batches
from services.gateway.consent_texts import consent_versions
from services.gateway.dead_letters import DeadLetterDesk
from services.gateway.decision_feed import DecisionFeed
from services.gateway.door_actions import DoorActions
from services.gateway.drift import DriftChecks
from services.gateway.emergencies import EmergencyDesk
from services.gateway.exports import PersonalData
from services.gateway.held import HeldPhotos
from services.gateway.invitations import Invitations
from services.gateway.kiosk_contacts import KioskContacts
from services.gateway.kiosk_signatures import FrameSignatures
from services.gateway.kiosks import KioskRegister
from services.gateway.limits import RateLimit
from services.gateway.operations import OperationsDesk
from services.gateway.operators import OperatorRegister
from services.gateway.page_files import languages
from services.gateway.password_sign_in import PasswordSignIn
from services.gateway.people import Register
from services.gateway.queue_watch import QueueWatch
from services.gateway.replies import ReplyListener
from services.gateway.reply_sweep import ReplySweep
from services.gateway.retries import RepeatableRecognitions
from services.gateway.service import Recognitions
from services.gateway.sessions import Sessions
from services.gateway.settings import GatewaySettings
from services.gateway.tokens import TokenRegister
from services.gateway.worker import ends_with_worker
from services.logs import configure_logs
from services.operations.measures import Measures
from services.operations.tally import Tally
from services.passwords import Passwords
from services.prices import list_prices


def make_app() -> Flask:
    """Make the gateway of this process, with a reply queue of its own that a thread listens on.

    Raises
    ------
    pydantic.ValidationError
        If a setting in the environment is wrong.
    services.aws.errors.AwsError
        If the stack cannot be reached.
    """
    configure_logs("gateway")
    settings = GatewaySettings()
    aws = Aws.connect(AwsSettings())
    replies = ReplyListener(lambda: ReplyQueue.open(aws))
    replies.start()
    abandoned_after = timedelta(seconds=settings.reply_queue_abandoned_after)
    ReplySweep(replies, ReplyQueues(aws), abandoned_after).start()
    jobs = JobQueue(aws, aws.outputs.recognize_queue_url)
    enroll_jobs = JobQueue(aws, aws.outputs.enroll_queue_url)
    tally = Tally()
    measures = Measures(tally)
    recognitions = Recognitions(
        jobs=jobs,
        frames=FrameStore(aws),
        decisions=DecisionStore(aws),
        replies=replies,
        admission=Admission(settings.tolerable_delay),
        backlog=Backlog(jobs.depth),
        measures=measures,
        inline_frame_bytes=settings.inline_frame_bytes,
        deadline=timedelta(seconds=settings.recognition_deadline),
    )
    trail = AuditTrail(aws)
    DailySealing(Sealer(trail)).start()
    repeatable = RepeatableRecognitions(recognitions, RequestStore(aws))
    kiosks = KioskStore(aws)
    contacts = KioskContacts(kiosks)
    contacts.start()
    tokens, operators, times = TokenStore(aws), OperatorStore(aws), settings.session_times
    sessions = Sessions(SessionStore(aws, times), operators, times)
    passwords = PasswordSignIn(
        operators, Passwords(), RateLimit(settings.sign_in_limit_of_login), settings.passwords_at_once
    )
    register = Register(
        people=PeopleStore(aws),
        enrollments=EnrollmentStore(aws),
        uploads=PhotoUploadStore(aws),
        deletions=DeletionStore(aws),
        removals=PhotoRemovalStore(aws),
        creations=CreationStore(aws),
    )
    access, doors = AccessControl(AccessRegister(AccessStore(aws)), PeopleStore(aws)), DoorSettings()
    app = create_app(
        recognitions,
        repeatable,
        KioskAuthenticator(kiosks),
        settings,
        register=register,
        held=HeldPhotos(EnrollmentStore(aws), enroll_jobs),
        batches=Batches(
            submissions=SubmissionStore(aws),
            archives=ArchiveStore(aws),
            outcomes=Outcomes(aws),
            buckets=settings.batch_buckets,
        ),
        principals=PrincipalAuthenticator(ProgramAuthenticator(tokens), sessions),
        sessions=sessions,
        operators=OperatorRegister(operators, passwords),
        tokens=TokenRegister(tokens),
        kiosk_register=KioskRegister(kiosks),
        signatures=FrameSignatures(KioskNonceStore(aws), settings.signed_frames_only),
        contacts=contacts,
        access=access,
        door_actions=DoorActions(DoorActionStore(aws), access, doors.plain_http),
        emergencies=emergency_desk(aws, access, doors),
        audit=AuditDesk(
            AuditLog(aws, "gateway"),
            trail,
            lambda now: TrailVerifier(trail, DecisionStore(aws), now),
            DecisionFeed(trail, replies.wait_closed, settings.watchers),
        ),
        operations=OperationsDesk(PulseStore(aws), prices=list_prices()),
        personal=PersonalData(register, PhotoStore(aws), PersonExports(aws)),
        invitations=Invitations(InvitationStore(aws), register, Outcomes(aws), consent_versions(languages())),
        dead_letters=DeadLetterDesk(all_dead_letters(aws)),
        drift=DriftChecks(DriftCheckStore(aws), lambda progress: take_census(aws, progress)),
    )
    ends_with_worker(app, replies)
    watch = QueueWatch({QueueName.RECOGNIZE: jobs.depth, QueueName.ENROLL: enroll_jobs.depth}, measures)
    pulsing = Pulsing.of(aws, tally, Service.GATEWAY, watch.look)
    pulsing.start()
    atexit.register(pulsing.stop)
    return app


def emergency_desk(aws: Aws, access: AccessControl, settings: DoorSettings) -> EmergencyDesk:
    """Plug together what opens and locks all doors."""
    records = EmergencyStore(aws)
    sender = OrderSender(
        WebhookSender(plain_http=settings.plain_http), DoorTargets(aws), settings.attempt_seconds
    )
    emergencies = Emergencies(
        records, Site(access.register), DoorActionStore(aws), sender, at_once=settings.at_once
    )
    return EmergencyDesk(emergencies, access, records)
