"""What the API tells of dead letters."""

from collections.abc import Mapping
from typing import Self

from pydantic import AwareDatetime, BaseModel, Field

from services.contracts.dead_letters import DeadLetter, DeadLetterQueueName, Redriven


class QueueBody(BaseModel):
    """A queue.

    Attributes
    ----------
    dead_letters : int
        How many lie there, as far as SQS knows.
    """

    queue: DeadLetterQueueName
    dead_letters: int


class QueuesBody(BaseModel):
    """The queues whose dead letters are kept."""

    queues: list[QueueBody]


class DeadLetterBody(BaseModel):
    """A message that could not be read or done.

    Attributes
    ----------
    reason : str, optional
        Why. None where SQS itself moved it, since no worker finished it however often it was received.
    failed_at : datetime, optional
        When it was put aside; None where SQS moved it.
    sent_at : datetime
        When it was sent: to its queue if SQS moved it, to the dead letters otherwise.
    expires_at : datetime
        When it is deleted by itself.
    receives : int
        How often it was received; looking at it counts.
    size : int
        Bytes.
    job : str, optional
        What was to be done; None if it is no job of ours.
    facts : dict of str to str
        What the job says, without pictures and without people.
    person_id : str, optional
        Whom it is about; like `photos` and `excerpt` only for those with the scope `people:read`.
    photos : list of str
        Which objects it is about.
    excerpt : str, optional
        The beginning of what is no job of ours.
    """

    message_id: str
    reason: str | None
    failed_at: AwareDatetime | None
    sent_at: AwareDatetime
    first_received_at: AwareDatetime | None
    expires_at: AwareDatetime
    receives: int
    size: int
    job: str | None
    facts: Mapping[str, str]
    person_id: str | None = None
    photos: tuple[str, ...] = ()
    excerpt: str | None = None

    @classmethod
    def of(cls, letter: DeadLetter, *, with_people: bool) -> Self:
        """Tell of one; of people only to whoever may read them."""
        contents = letter.contents
        told = letter.model_dump(exclude={"contents"}) | {"job": contents.job, "facts": contents.facts}
        if with_people:
            told |= contents.model_dump(include={"person_id", "photos", "excerpt"})
        return cls.model_validate(told)


class DeadLettersBody(BaseModel):
    """Some of a queue's dead letters, the longest there first.

    Attributes
    ----------
    messages : int
        How many there are, as far as SQS knows; those that are not listed are when these are gone.
    """

    queue: DeadLetterQueueName
    messages: int
    dead_letters: list[DeadLetterBody]


class RedriveBody(BaseModel):
    """What became of the dead letters.

    Attributes
    ----------
    redriven : int
        How many were sent again.
    refused : dict of str to str
        Why some were not, by their ids.
    left : int
        How many lie there still, as far as SQS knows.
    """

    redriven: int = Field(ge=0)
    refused: Mapping[str, str]
    left: int = Field(ge=0)

    @classmethod
    def of(cls, redriven: Redriven) -> Self:
        """Tell of it."""
        return cls.model_validate(redriven.model_dump())
