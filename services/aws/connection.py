"""One connection to AWS a process: settings, the stack's outputs, clients."""

from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.handlers import add_expect_header
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_pascal
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.aws.curl import send_with_curl
from services.aws.errors import StackNotReady, error_code, translated

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_rekognition.client import RekognitionClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_sqs.client import SQSClient

#: SQS's own limit on how long a receive may wait, in seconds.
LONGEST_POLL_SECONDS = 20
_USER_AGENT = f"Facegate Boto3/{boto3.__version__}"


class AwsSettings(BaseSettings):
    """What a process must be told; the stack's outputs tell it the rest.

    Endpoints, region and credentials come from the variables that every AWS program reads
    (``AWS_ENDPOINT_URL``, ``AWS_REGION``, ...); they are all that differs between AWS and a laptop.

    Attributes
    ----------
    stack : str
        Name of the CloudFormation stack, whose outputs name everything else.
    region : str, optional
        The AWS region; ``AWS_DEFAULT_REGION`` is read where this is not set.
    connect_timeout_seconds : float
        How long one attempt of a call to AWS may take to connect.
    read_timeout_seconds : float
        How long AWS may take between two pieces of its answer.
    max_attempts : int
        How often a call to AWS is tried, the first time included.
    rekognition_max_attempts : int
        The same for Rekognition. The recognize worker tries once and itself decides about more.
    """

    model_config = SettingsConfigDict(env_prefix="FACEGATE_")

    stack: str = "facegate"
    # boto3 itself reads AWS_DEFAULT_REGION alone; AWS's own run times set AWS_REGION.
    region: str | None = Field(
        default=None, validation_alias=AliasChoices("AWS_REGION", "AWS_DEFAULT_REGION")
    )
    connect_timeout_seconds: float = Field(default=2, gt=0)
    read_timeout_seconds: float = Field(default=5, gt=0)
    max_attempts: int = Field(default=3, ge=1)
    rekognition_max_attempts: int = Field(default=3, ge=1)


class StackOutputs(BaseModel):
    """The CloudFormation stack's outputs: the names of all that the services use."""

    model_config = ConfigDict(frozen=True, alias_generator=to_pascal, populate_by_name=True)

    photo_bucket_name: str
    recognize_queue_url: str
    recognize_dead_letter_queue_url: str
    enroll_queue_url: str
    enroll_dead_letter_queue_url: str
    reply_queue_prefix: str
    people_table_name: str
    faces_table_name: str
    decisions_table_name: str
    enrollments_table_name: str
    kiosks_table_name: str
    requests_table_name: str
    batches_table_name: str
    deletions_table_name: str
    tokens_table_name: str
    invitations_table_name: str
    operators_table_name: str
    sessions_table_name: str
    audit_table_name: str
    access_table_name: str
    operations_table_name: str
    collection_id: str


class Aws:
    """The stack's outputs and one client a service, made when first used and shared by all threads."""

    def __init__(self, session: boto3.Session, settings: AwsSettings, outputs: StackOutputs) -> None:
        self.session = session
        self.settings = settings
        self.outputs = outputs

    @classmethod
    def connect(cls, settings: AwsSettings) -> Self:
        """Read the stack's outputs with the environment's credentials.

        Raises
        ------
        StackNotReady
            If no region is set, there is no such stack, or it lacks an output.
        AwsUnavailable
            If CloudFormation cannot be reached.
        """
        session = boto3.Session(region_name=settings.region)
        if not session.region_name:
            raise StackNotReady("no region is set: set AWS_REGION")
        client: CloudFormationClient = session.client("cloudformation", config=_config(settings))
        return cls(session, settings, _outputs(client, settings.stack))

    @cached_property
    def sqs(self) -> "SQSClient":
        """For sending and short calls."""
        return send_with_curl(self.session.client("sqs", config=_config(self.settings)))

    def long_polling_sqs(self) -> "SQSClient":
        """Make a client of its own for a thread that waits in receives."""
        config = _config(self.settings).merge(Config(read_timeout=LONGEST_POLL_SECONDS + 5))
        return send_with_curl(self.session.client("sqs", config=config))

    @cached_property
    def s3(self) -> "S3Client":
        """For photos and frames."""
        # the checksum that goes with a photo is enough: over TLS for boto3 too, and so on one machine
        unsigned = Config(s3={"payload_signing_enabled": False})
        client = self.session.client("s3", config=_config(self.settings).merge(unsigned))
        # a photo is sent at once: to ask first whether S3 will take it costs each one a round trip
        client.meta.events.unregister("before-call.s3", add_expect_header)
        return client

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """For the tables."""
        return send_with_curl(self.session.client("dynamodb", config=_config(self.settings)))

    @cached_property
    def events(self) -> Any:
        """For event buses that doors listen on; there are no types of EventBridge among our stubs."""
        session: Any = self.session
        return session.client("events", config=_config(self.settings))

    @cached_property
    def rekognition(self) -> "RekognitionClient":
        """For the collection."""
        config = _config(self.settings, self.settings.rekognition_max_attempts)
        return send_with_curl(self.session.client("rekognition", config=config))


def _config(settings: AwsSettings, attempts: int | None = None) -> Config:
    return Config(
        connect_timeout=settings.connect_timeout_seconds,
        read_timeout=settings.read_timeout_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts or settings.max_attempts},
        max_pool_connections=64,
        # botocore's own text is put together anew, twice a call: a seventh of what a call costs.
        user_agent=_USER_AGENT,
        # Our parameters are typed, and AWS checks them again.
        parameter_validation=False,
    )


def _outputs(client: "CloudFormationClient", stack: str) -> StackOutputs:
    way_out = "deploy it first: facegate deploy, or facegate up on one machine"
    with translated("reading the stack's outputs"):
        try:
            described = client.describe_stacks(StackName=stack)["Stacks"][0]
        except ClientError as error:
            if error_code(error) == "ValidationError":
                raise StackNotReady(f"there is no stack {stack!r}; {way_out}") from error
            raise
    outputs = {
        item["OutputKey"]: item["OutputValue"]
        for item in described.get("Outputs", [])
        if "OutputKey" in item and "OutputValue" in item
    }
    try:
        return StackOutputs.model_validate(outputs)
    except ValidationError as error:
        lacking = ", ".join(str(problem["loc"][0]) for problem in error.errors())
        raise StackNotReady(f"stack {stack!r} has no outputs {lacking}; {way_out}") from error
