"""``facegate dead-letters``: what could not be read or done, why, and another try."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from cli.connection import OnAws, connect, console, whole_id
from cli.recording import recorded
from services.aws.connection import Aws
from services.aws.dead_letters import DeadLetters, all_dead_letters
from services.contracts.dead_letters import DeadLetter, DeadLetterQueueName

#: More are there when these are gone.
_MOST_LISTED = 100
_AT_A_TIME = 200

dead_letters = typer.Typer(help="Messages that could not be read or done.", no_args_is_help=True)
QueueArgument = Annotated[DeadLetterQueueName, typer.Argument(metavar="QUEUE", help="recognize or enroll.")]
MessageId = Annotated[
    str, typer.Argument(metavar="MESSAGE", help="The message's id, as facegate dead-letters list shows it.")
]


@dead_letters.command("list")
def list_letters(aws: OnAws = False) -> None:
    """List the dead letters of every queue, the longest there first."""
    connection = connect(aws)
    counted = 0
    table = Table("Queue", whole_id("Message"), "Since", "What", "Why")
    for queue, letters in all_dead_letters(connection).items():
        counted += letters.count().messages
        for letter in letters.look(_MOST_LISTED):
            table.add_row(
                queue.value,
                letter.message_id,
                f"{letter.failed_at or letter.sent_at:%Y-%m-%d %H:%M}",
                letter.contents.job or "no job of ours",
                escape(_reason(letter)),
            )
    if not table.row_count:
        console.print("[green]There are no dead letters.[/]")
        return
    console.print(table)
    if counted > table.row_count:
        console.print(f"{counted - table.row_count} more are not listed.")
    console.print("Send them again: facegate dead-letters redrive QUEUE [MESSAGE]")


@dead_letters.command()
def show(queue: QueueArgument, message_id: MessageId, aws: OnAws = False) -> None:
    """Show what a message was about, without its pictures, and why it lies there."""
    letter = _letters(connect(aws), queue).find(message_id)
    console.print_json(letter.model_dump_json(exclude_none=True))


@dead_letters.command()
def redrive(
    queue: QueueArgument,
    message_id: Annotated[
        str | None, typer.Argument(metavar="[MESSAGE]", help="The message's id; all of them if left out.")
    ] = None,
    aws: OnAws = False,
) -> None:
    """Send one message again, or all; none is lost, and jobs that are done already change nothing."""
    connection = connect(aws)
    letters = _letters(connection, queue)
    if message_id is not None:
        with recorded(connection, "dead-letters redrive", queue=queue.value, message_id=message_id):
            letters.redrive(message_id)
        console.print("Sent again.")
        return
    with recorded(connection, "dead-letters redrive", queue=queue.value):
        _redrive_all(letters)


def _redrive_all(letters: DeadLetters) -> None:
    """Send all again that lie there now; those that come back meanwhile are not sent round and round."""
    left = letters.count().messages
    redriven = 0
    refused: dict[str, str] = {}
    while left > 0:
        done = letters.redrive_all(min(left, _AT_A_TIME))
        redriven += done.redriven
        refused |= done.refused
        left -= done.redriven
        if not done.redriven:
            break
    console.print(f"{redriven} sent again.")
    for refused_id, why in refused.items():
        console.print(f"[yellow]{refused_id}[/] {escape(why)} Delete it: facegate dead-letters delete")


@dead_letters.command()
def delete(
    queue: QueueArgument,
    message_id: MessageId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    aws: OnAws = False,
) -> None:
    """Delete a message for ever; what it asked for will never be done."""
    if not yes:
        typer.confirm("Delete it for ever? What it asked for will never be done.", abort=True)
    connection = connect(aws)
    with recorded(connection, "dead-letters delete", queue=queue.value, message_id=message_id):
        _letters(connection, queue).delete(message_id)
    console.print("Deleted.")


def _letters(aws: Aws, queue: DeadLetterQueueName) -> DeadLetters:
    return all_dead_letters(aws)[queue]


def _reason(letter: DeadLetter) -> str:
    return letter.reason or f"received {letter.receives} times, and never finished"
