"""What a worker counts of its decisions."""

from services.contracts.reasons import DecisionReason
from services.operations.figures import Figures
from services.operations.measures import UPLOADED_FRAMES
from tests.unit.recognize.in_memory import World, job, match

MATCH = match("ada-1")


def test_a_decision_is_counted_once_however_often_its_job_is_delivered():
    world = World(MATCH)
    for _ in range(2):
        world.service.handle(job())
    figures = Figures.of(world.tally.take())
    assert figures.reasons == {DecisionReason.MATCH: 1}
    assert figures.decision_ms.p50 is not None
    assert figures.searched_ms.p50 is not None


def test_frames_that_were_uploaded_are_told_from_those_that_were_posted():
    world = World(MATCH)
    world.service.handle(job())
    assert UPLOADED_FRAMES not in world.tally.take()
    world.service.handle(job(recognition_id="r-2", door_id=None))
    assert world.tally.take()[UPLOADED_FRAMES] == 1
