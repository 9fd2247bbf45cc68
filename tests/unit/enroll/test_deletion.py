from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.domain import Deletion, Removed
from services.contracts.messages import DeletePersonJob
from services.enroll.deletion import DeletionService, UnknownDeletion

NOW = datetime(2026, 1, 2, tzinfo=UTC)
JOB = DeletePersonJob(deletion_id="d-1", person_id="ada", requested_at=NOW)


class Killed(BaseException):
    """SIGKILL, as far as Python can play it: no handler of ours may catch it."""


class World:
    """Everything that is kept, and a worker that dies at its n-th step, before or after what it does."""

    def __init__(self, things=None):
        self.things = things or {kind: {"ada": [f"{kind}-{n}" for n in range(3)]} for kind in Removed}
        for kind in Removed:
            self.things[kind]["bob"] = [f"{kind}-bob"]
        self.person = "deleting"
        self.receipt = Deletion(deletion_id="d-1", person_id="ada", requested_at=NOW, requested_by="eve")
        self.counts = {}
        self.sent = []
        self.steps_left = None
        self.after = False
        self.now = NOW

    def step(self, effect=lambda: None):
        """Do something, unless the worker is killed first; or just after it."""
        if self.steps_left is not None:
            self.steps_left -= 1
        if self.steps_left == 0 and not self.after:
            raise Killed
        value = effect()
        if self.steps_left == 0:
            raise Killed
        return value

    def deliver(self, steps=None, after=False):
        self.steps_left, self.after = steps, after
        places = {kind: Place(self, kind) for kind in Removed}
        DeletionService(self, places, self, lambda: self.now).handle(JOB)

    def get(self, deletion_id):
        return self.step(lambda: self.receipt if deletion_id == self.receipt.deletion_id else None)

    def begin(self, deletion):
        def lock():
            if self.person == "back":
                return False
            self.person = "deleting"
            return True

        return self.step(lock)

    def note(self, deletion, kind, count):
        def write():
            if deletion.finished_at is None:
                self.counts.setdefault(kind, count)
            else:
                self.counts[kind] += count

        self.step(write)

    def finish(self, deletion, now):
        def write():
            self.person = "mark"
            if self.receipt.finished_at is None:
                self.receipt = self.receipt.model_copy(update={"finished_at": now})

        self.step(write)

    def send(self, job, *, delay_seconds):
        self.step(lambda: self.sent.append((job, delay_seconds)))

    @property
    def left(self):
        return [thing for kind in Removed for thing in self.things[kind].get("ada", [])]


class Place:
    def __init__(self, world, kind):
        self.world, self.things = world, world.things[kind]

    def find(self, person_id):
        return self.world.step(lambda: list(self.things.get(person_id, [])))

    def remove(self, person_id, found):
        for thing in found:
            if thing in self.things[person_id]:
                self.world.step(lambda thing=thing: self.things[person_id].remove(thing))


def test_a_deletion_leaves_nothing_of_the_person_and_counts_what_there_was():
    world = World()
    world.deliver()
    assert world.left == []
    assert world.counts == dict.fromkeys(Removed, 3)
    assert (world.person, world.receipt.finished_at) == ("mark", NOW)


def test_others_keep_what_is_theirs():
    world = World()
    world.deliver()
    assert all(world.things[kind]["bob"] == [f"{kind}-bob"] for kind in Removed)


things_of_ada = st.fixed_dictionaries(
    {kind: st.fixed_dictionaries({"ada": st.lists(st.uuids().map(str), max_size=4)}) for kind in Removed}
)


@given(things_of_ada, st.lists(st.tuples(st.integers(1, 30), st.booleans()), max_size=5))
def test_killed_at_any_steps_and_done_again_nothing_is_left_and_the_receipt_is_right(things, kills):
    expected = {kind: len(things[kind]["ada"]) for kind in Removed}
    world = World(things)
    for steps, after in kills:
        try:
            world.deliver(steps, after)
        except Killed:
            continue
    world.deliver()
    assert world.left == []
    assert world.counts == expected
    assert world.person == "mark"
    assert world.receipt.finished_at == NOW
    assert (JOB, 900) in world.sent


def test_what_came_while_it_was_removed_is_found_by_the_second_look_and_added_to_the_receipt():
    world = World()
    world.deliver()
    world.things[Removed.DECISIONS]["ada"].append("decided just before")
    world.now += timedelta(minutes=15)
    world.deliver()
    assert world.left == []
    assert world.counts == dict.fromkeys(Removed, 3) | {Removed.DECISIONS: 4}
    assert world.receipt.finished_at == NOW
    assert len(world.sent) == 1


def test_a_person_who_has_come_back_since_is_left_alone():
    world = World()
    world.deliver()
    world.person = "back"
    world.things[Removed.FACES]["ada"].append("a new face")
    world.deliver()
    assert world.left == ["a new face"]
    assert world.person == "back"


def test_a_job_that_nobody_asked_for_removes_nothing():
    world = World()
    world.receipt = world.receipt.model_copy(update={"deletion_id": "another"})
    with pytest.raises(UnknownDeletion, match="d-1"):
        world.deliver()
    assert len(world.left) == 3 * len(Removed)
