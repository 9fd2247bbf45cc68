"""``facegate kiosks``: the devices at the doors."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from cli.connection import OnAws, complaints, connect, console
from cli.kiosk import pair, register_kiosk, rotate
from cli.recording import recorded
from localaws.machine import MachineSettings
from services.aws.access import AccessStore
from services.aws.connection import Aws
from services.aws.kiosks import KioskStore, KioskUnknown
from services.contracts.kiosks import PAIRING_CODE_VALIDITY, Kiosk, PairingCode
from services.contracts.tokens import KioskToken

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,99}")
#: A kiosk says about every half minute that it lives.
_SILENT_AFTER = timedelta(minutes=2)
#: A clock that is further off makes signed frames count as stale soon.
_SKEW_WORTH_SAYING = 5.0


def _an_id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise typer.BadParameter("letters, digits, dots and hyphens")
    return text


kiosks = typer.Typer(help="The devices at the doors.", no_args_is_help=True)
KioskId = Annotated[
    str, typer.Argument(metavar="KIOSK_ID", help="Letters, digits, dots and hyphens.", callback=_an_id)
]
Door = Annotated[str, typer.Option("--door", help="The door it stands at.", callback=_an_id)]
Gateway = Annotated[
    str | None, typer.Option("--gateway", help="The gateway's URL; this machine's if not given.")
]


@kiosks.command("register")
def register(
    kiosk_id: KioskId,
    door: Door,
    *,
    name: Annotated[str | None, typer.Option(help="What to call it.")] = None,
    code: Annotated[
        bool, typer.Option("--code", help="Print a pairing code, to be typed at the kiosk, and no token.")
    ] = False,
    signed: Annotated[
        bool | None,
        typer.Option("--signed/--unsigned", help="Whether its frames count only when they are signed."),
    ] = None,
    aws: OnAws = False,
) -> None:
    """Register a kiosk and print its token, which is shown this once; a token that it had ends."""
    token, there = KioskToken.create(kiosk_id), connect(aws)
    with recorded(there, "kiosks register", kiosk_id=kiosk_id, door_id=door):
        register_kiosk(there, None if code else token, door, kiosk_id, name=name, signed=signed)
    if door not in AccessStore(there).load().doors:
        complaints.print(
            f"[yellow]there is no door {escape(door)} yet, so it lets nobody in: "
            f"facegate doors add {escape(door)} …[/]"
        )
    print(_offer(there, kiosk_id) if code else token)


@kiosks.command("list")
def show(aws: OnAws = False) -> None:
    """List kiosks: where they stand, when they were last heard of, and how far their clocks are off."""
    known, now = KioskStore(connect(aws)).all(), datetime.now(UTC)
    if not known:
        console.print("No kiosk is registered: facegate kiosks register KIOSK_ID --door DOOR")
        return
    table = Table("Kiosk", "Name", "Door", "Token", "Last contact", "Clock")
    for kiosk in known:
        table.add_row(
            escape(kiosk.kiosk_id),
            escape(kiosk.name or ""),
            escape(kiosk.door_id),
            _token_state(kiosk, now),
            _contact(kiosk, now),
            _clock(kiosk),
        )
    console.print(table)


@kiosks.command("pair-code")
def pair_code(kiosk_id: KioskId, aws: OnAws = False) -> None:
    """Print a code to pair a kiosk with: it works once, for 15 minutes, and ends the kiosk's token then."""
    there = connect(aws)
    with recorded(there, "kiosks pair-code", kiosk_id=kiosk_id):
        print(_offer(there, kiosk_id))


@kiosks.command("pair")
def exchange(
    code: Annotated[str, typer.Argument(help="The code, with or without its hyphen.")],
    gateway: Gateway = None,
) -> None:
    """Exchange a pairing code for the kiosk's token, at the kiosk, and print it: it is shown this once."""
    print(pair(_url(gateway), code)["token"])


@kiosks.command("rotate")
def renew(
    token: Annotated[str, typer.Option(envvar="FACEGATE_KIOSK_TOKEN", help="The kiosk's token.")],
    gateway: Gateway = None,
) -> None:
    """Get a new token for a kiosk's token, at the kiosk, and print it; the old one works a minute more."""
    print(rotate(_url(gateway), token)["token"])


@kiosks.command("move")
def move(kiosk_id: KioskId, door: Door, aws: OnAws = False) -> None:
    """Say that a kiosk stands at another door; it holds within two seconds."""
    there = connect(aws)
    with recorded(there, "kiosks move", kiosk_id=kiosk_id, door_id=door):
        store = KioskStore(there)
        kiosk = store.get(kiosk_id)
        if kiosk is None:
            raise KioskUnknown(kiosk_id)
        store.change(kiosk, {"door_id": door})
    console.print(f"{escape(kiosk_id)} stands at {escape(door)}")


@kiosks.command("revoke")
def revoke(
    kiosk_id: KioskId,
    remove: Annotated[bool, typer.Option("--remove", help="Forget the kiosk, too.")] = False,
    aws: OnAws = False,
) -> None:
    """End a kiosk's token and pairing code; within two seconds no gateway takes it any more."""
    there = connect(aws)
    with recorded(there, "kiosks revoke", kiosk_id=kiosk_id, removed=remove):
        store = KioskStore(there)
        if not (store.remove(kiosk_id) if remove else store.revoke(kiosk_id)):
            raise KioskUnknown(kiosk_id)
    console.print("[green]removed[/]" if remove else "[green]revoked[/]", escape(kiosk_id))


def _url(gateway: str | None) -> str:
    return gateway or MachineSettings.from_environment().gateway_url


def _offer(aws: Aws, kiosk_id: str) -> PairingCode:
    code = PairingCode.create()
    if not KioskStore(aws).offer(kiosk_id, code.digest(), datetime.now(UTC) + PAIRING_CODE_VALIDITY):
        raise KioskUnknown(kiosk_id)
    return code


def _token_state(kiosk: Kiosk, now: datetime) -> str:
    if kiosk.pairing_code_until is not None and kiosk.pairing_code_until > now:
        return "waits for its code"
    return "yes" if kiosk.token_sha256 else "[yellow]none[/]"


def _contact(kiosk: Kiosk, now: datetime) -> str:
    if kiosk.last_contact_at is None:
        return "never"
    at = kiosk.last_contact_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return at if now - kiosk.last_contact_at <= _SILENT_AFTER else f"[yellow]silent since {at}[/]"


def _clock(kiosk: Kiosk) -> str:
    if kiosk.clock_skew is None:
        return ""
    off = f"{kiosk.clock_skew:+.1f} s"
    return off if abs(kiosk.clock_skew) < _SKEW_WORTH_SAYING else f"[yellow]{off}[/]"
