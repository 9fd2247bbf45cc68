"""``facegate``: start it on this machine, enrol, recognise, deploy."""

import os
import shlex
import signal
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import requests
import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.markup import escape

from cli import demo as demonstration
from cli.audit import audit
from cli.batch import is_batch, run_batch
from cli.check import check
from cli.connection import OnAws, complaints, connect, console
from cli.consent import consent
from cli.cost import cost
from cli.dataset.command import dataset
from cli.dataset.photos import NoPhotos
from cli.dead_letters import dead_letters
from cli.deploy import deploy, destroy, status
from cli.door_actions import NoAction, door_actions
from cli.doors import doors
from cli.emergency import emergency
from cli.enrolling import EnrollmentPending, UnsupportedPicture, content_type, enroll_photo
from cli.exports import export_person
from cli.held import held
from cli.invitations import InvitationUnknown, PersonGoing, invitations, invite, uninvite
from cli.kiosk import GatewayRefused, recognize
from cli.kiosks import kiosks
from cli.operators import OperatorExists, OperatorUnknown, operators
from cli.people import DeletionPending, SeveralPeople, people
from cli.rules import rules
from cli.settings import settings
from cli.tokens import tokens
from cli.zones import zones
from infra.errors import DeploymentError
from localaws.machine import Machine, MachineError, MachineSettings, only_one
from localaws.supervisor import ProcessFailed
from services.access.changes import AccessRefused
from services.aws.dead_letters import CannotRedrive, DeadLetterGone
from services.aws.errors import AwsError
from services.aws.held import CannotResolve, NotHeld
from services.aws.kiosks import KioskChanged, KioskUnknown
from services.aws.operators import LastAdmin, OperatorChanged
from services.aws.people import PersonChanged, PersonUnknown
from services.aws.photo_removal import PhotoOnItsWay, PhotoUnknown
from services.batches.items import UnreadableBatch
from services.batches.photo import UnusablePhoto, content_type_of
from services.batches.report import Line
from services.contracts.domain import EnrollmentStatus
from services.contracts.names import parse_full_name
from services.passwords import UnusablePassword
from services.variables import misspelled

app = typer.Typer(
    help="Face-recognition access control: on this machine, or on AWS.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(kiosks, name="kiosks")
app.add_typer(zones, name="zones")
app.add_typer(doors, name="doors")
doors.add_typer(door_actions, name="action")
app.add_typer(emergency, name="emergency")
app.add_typer(rules, name="rules")
app.add_typer(audit, name="audit")
app.add_typer(tokens, name="tokens")
app.add_typer(operators, name="operators")
app.add_typer(held, name="held")
app.add_typer(dead_letters, name="dead-letters")
people.command("consent")(consent)
people.command("invite")(invite)
people.command("invitations")(invitations)
people.command("uninvite")(uninvite)
people.command("export")(export_person)
app.add_typer(people, name="people")
app.add_typer(dataset, name="dataset")
app.command()(check)
app.command()(cost)
app.command()(deploy)
app.command()(status)
app.command()(destroy)
app.command()(settings)

#: What people and machines do wrong; everything else is a bug and shows its traceback.
_EXPECTED = (
    AccessRefused,
    AwsError,
    BotoCoreError,
    CannotRedrive,
    CannotResolve,
    ClientError,
    DeadLetterGone,
    DeletionPending,
    DeploymentError,
    EnrollmentPending,
    GatewayRefused,
    InvitationUnknown,
    KioskChanged,
    KioskUnknown,
    LastAdmin,
    MachineError,
    NoAction,
    NoPhotos,
    NotHeld,
    OperatorChanged,
    OperatorExists,
    OperatorUnknown,
    PersonChanged,
    PersonGoing,
    PersonUnknown,
    PhotoOnItsWay,
    PhotoUnknown,
    ProcessFailed,
    SeveralPeople,
    UnreadableBatch,
    UnsupportedPicture,
    UnusablePassword,
    UnusablePhoto,
    demonstration.DemoFailed,
    requests.RequestException,
)


def main() -> None:
    """Run the command line."""
    try:
        app()
    except _EXPECTED as error:
        complaints.print("[bold red]facegate:[/] ", end="")
        complaints.print(str(error), markup=False)
        raise SystemExit(1) from None


@app.command()
def up() -> None:
    """Start everything on this machine and keep it running until Ctrl-C."""
    with _running() as machine:
        console.print(f"Facegate runs at {machine.settings.gateway_url}/console")
        console.print("An operator signs in there: facegate operators create --login ada --role admin")
        console.print("Nobody passes before there are doors and rules: facegate zones, doors, rules --help")
        console.print("A kiosk needs a token: facegate kiosks register my-kiosk --door front-door")
        _keep_running(machine)


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Stop after the two decisions.")] = False,
) -> None:
    """Start everything, enrol a portrait, let one face in and keep one out."""
    with _running() as machine:
        ways = demonstration.run(machine.settings.gateway_url, console)
        if once:
            return
        console.print(f"Kiosk page: [bold]{ways.kiosk_url}[/]", soft_wrap=True)
        console.print(
            f"Console:    [bold]{ways.console_url}[/]  login {demonstration.ADMIN}, password {ways.password}",
            soft_wrap=True,
            highlight=False,
        )
        _keep_running(machine)


@app.command()
def enroll(
    path: Annotated[
        str,
        typer.Argument(
            metavar="PATH",
            help="A photo; or many: a folder, a CSV manifest, a ZIP archive, or s3://bucket/prefix.",
        ),
    ],
    name: Annotated[str | None, typer.Option(help="The person's full name, for a single photo.")] = None,
    report: Annotated[
        Path | None, typer.Option(help="A CSV file to write what became of every file of a batch.")
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(help="Seconds to wait for a photo's outcome (30), or for the next of a batch (240)."),
    ] = None,
    aws: OnAws = False,
) -> None:
    """Enrol a person from a photo, or many people from a batch, by putting photos into S3.

    A batch that was interrupted goes on where it stopped when the same command is run again.
    """
    if not path.startswith("s3://") and not Path(path).exists():
        raise typer.BadParameter(f"{path} does not exist", param_hint="PATH")
    if is_batch(path):
        if name is not None:
            raise typer.BadParameter("a batch names its people itself", param_hint="--name")
        if not run_batch(lambda: connect(aws), path, report, timeout or 240):
            raise typer.Exit(2)
        return
    if name is None:
        raise typer.BadParameter("whose photo is it? Say --name 'Ada Lovelace'", param_hint="--name")
    try:
        full_name = parse_full_name(name)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--name") from error
    content_type_of(path)
    enrollment = enroll_photo(connect(aws), Path(path), full_name, timeout or 30)
    line = Line.of_enrollment(path, enrollment)
    if enrollment.status is EnrollmentStatus.INDEXED:
        console.print(f"[green]indexed[/] {escape(line.full_name)}: person {line.person_id}")
        return
    console.print(f"[red]{line.status}[/] {line.reason}: {escape(line.detail)}")
    raise typer.Exit(2)


@app.command(name="recognize")
def recognize_frame(
    frame: Annotated[Path, typer.Argument(help="A JPEG or PNG.", exists=True, dir_okay=False)],
    token: Annotated[str, typer.Option(envvar="FACEGATE_KIOSK_TOKEN", help="The kiosk's token.")],
    gateway: Annotated[
        str | None, typer.Option(help="The gateway's URL; this machine's if not given.")
    ] = None,
    wait: Annotated[int, typer.Option(help="Seconds to wait for the decision.")] = 8,
    sign: Annotated[
        bool, typer.Option("--sign", help="Sign the frame, so that it counts once and while it is fresh.")
    ] = False,
) -> None:
    """Post a frame as a kiosk would, and print the decision as JSON."""
    if not token.isascii():
        raise typer.BadParameter("a token has letters, digits, - and _ alone", param_hint="--token")
    url = gateway or MachineSettings.from_environment().gateway_url
    decision = recognize(url, token, frame.read_bytes(), content_type(frame), wait, sign=sign)
    console.print_json(data=decision)
    if decision.get("outcome") != "granted":
        raise typer.Exit(2)


@app.command()
def env() -> None:
    """Print what leads other AWS programs to this machine: eval "$(facegate env)"."""
    for name, value in MachineSettings.from_environment().environment().items():
        if name.startswith("AWS_") and name != "AWS_CONFIG_FILE":
            print(f"export {name}={shlex.quote(value)}")


@contextmanager
def _running() -> Generator[Machine]:
    """Start the machine; stop it whatever happens."""
    settings = MachineSettings.from_environment()
    for name, meant in misspelled(os.environ).items():
        complaints.print(f"[yellow]{name} is read by nobody: {meant}?[/]")
    for stop in (signal.SIGINT, signal.SIGTERM):  # a shell starts background jobs with SIGINT ignored
        signal.signal(stop, signal.default_int_handler)
    with only_one(settings.home):
        machine = Machine(settings, _say)
        try:
            machine.start()
            yield machine
        except KeyboardInterrupt:
            console.print("stopping")
        finally:
            # A second Ctrl-C must not leave processes behind.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            machine.stop()


def _keep_running(machine: Machine) -> None:
    console.print(f"Logs are in {machine.settings.logs.resolve()}. Ctrl-C stops everything.")
    sys.stdout.flush()
    for_ever = threading.Event()
    while not for_ever.wait(0.5):
        machine.supervisor.raise_if_any_ended()


def _say(step: str) -> None:
    console.print(f"[dim]… {step}[/]")
