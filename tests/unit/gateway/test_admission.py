"""The admission control against a simulated queue; its clock is the simulation's."""

import heapq
import itertools
import math
import random
from contextlib import ExitStack

import pytest

from services.gateway.admission import Admission, Overloaded
from tests.unit.gateway.in_memory import noise, picture

TOLERABLE = 0.8


class Simulation:
    """Frames arrive at random, one server decides them in turn, each in the same time."""

    def __init__(self, capacity, *, seed=1, gateways=1):
        self.now = 0.0
        self.service_time = 1 / capacity
        self.random = random.Random(seed)
        self.admissions = [Admission(TOLERABLE, clock=lambda: self.now) for _ in range(gateways)]
        self.server_free_at = 0.0
        self.delays, self.refused = [], 0
        self.answered_by = [0] * gateways
        self.departures, self.order = [], itertools.count()

    def run(self, offered, seconds):
        end = self.now + seconds
        arrival = self.now + self.random.expovariate(offered)
        while arrival < end:
            self.answer(until=arrival)
            self.now = arrival
            self.post()
            arrival += self.random.expovariate(offered)
        self.answer()

    def all_at_once(self, frames):
        for _ in range(frames):
            self.post()
        self.answer()

    def post(self):
        gateway = self.random.randrange(len(self.admissions))
        stack = ExitStack()
        try:
            passage = stack.enter_context(self.admissions[gateway].passage())
        except Overloaded:
            self.refused += 1
            return
        self.server_free_at = max(self.now, self.server_free_at) + self.service_time
        entry = (self.server_free_at, next(self.order), self.now, stack, passage, gateway)
        heapq.heappush(self.departures, entry)

    def answer(self, until=math.inf):
        while self.departures and self.departures[0][0] <= until:
            self.now, _, began, stack, passage, gateway = heapq.heappop(self.departures)
            passage.answered = True
            stack.close()
            self.delays.append(self.now - began)
            self.answered_by[gateway] += 1

    def forget(self):
        self.delays, self.refused = [], 0
        self.answered_by = [0] * len(self.admissions)


def percentile(values, percent):
    return sorted(values)[int(len(values) * percent / 100)]


@pytest.mark.parametrize("capacity", [5, 40, 300])
def test_at_twice_the_load_the_answers_stay_in_time_and_the_workers_busy(capacity):
    simulation = Simulation(capacity)
    simulation.run(2 * capacity, 60)
    simulation.forget()
    simulation.run(2 * capacity, 60)
    assert len(simulation.delays) >= 0.95 * capacity * 60
    assert percentile(simulation.delays, 95) < 1.5
    assert simulation.refused > 0


@pytest.mark.parametrize(("capacity", "gateways"), [(16, 1), (40, 1), (300, 1), (40, 2), (300, 2)])
def test_so_they_do_when_the_overload_meets_gateways_that_just_started(capacity, gateways):
    simulation = Simulation(capacity, gateways=gateways)
    simulation.run(2 * capacity, 60)
    in_time = sum(delay < 1.5 for delay in simulation.delays)
    assert in_time >= 0.9 * capacity * 60
    assert percentile(simulation.delays, 95) < 1.5


def test_two_hundred_frames_at_once_are_taken_if_they_can_be_decided_in_time():
    simulation = Simulation(capacity=300)
    simulation.all_at_once(200)
    assert simulation.refused == 0
    assert max(simulation.delays) < TOLERABLE


def test_a_burst_that_was_too_much_is_answered_and_the_next_is_taken_in_part():
    simulation = Simulation(capacity=40)
    simulation.all_at_once(200)
    assert (simulation.refused, len(simulation.delays)) == (0, 200)
    simulation.forget()
    simulation.all_at_once(200)
    assert simulation.refused > 120
    assert max(simulation.delays) < 1.5


def test_one_slow_answer_by_chance_leaves_room_for_many():
    simulation = Simulation(capacity=300)
    simulation.server_free_at = 3.0
    simulation.all_at_once(1)
    simulation.all_at_once(100)
    assert simulation.refused == 0


def test_after_a_minute_without_a_late_answer_what_was_learnt_is_forgotten():
    simulation = Simulation(capacity=300)
    simulation.server_free_at = 100.0
    simulation.all_at_once(200)
    simulation.forget()
    simulation.now += 59
    simulation.all_at_once(200)
    assert simulation.refused > 0
    simulation.forget()
    simulation.now += 60
    simulation.all_at_once(200)
    assert simulation.refused == 0


def test_those_who_do_not_wait_get_what_answers_to_others_have_shown():
    simulation = Simulation(capacity=300)
    [admission] = simulation.admissions
    guessed = admission.proven
    assert guessed < admission.limit
    simulation.all_at_once(200)
    assert admission.proven == 200
    simulation.service_time = 1 / 20
    simulation.all_at_once(200)
    assert admission.proven == admission.limit < guessed


def test_a_load_that_can_be_done_is_never_refused():
    simulation = Simulation(capacity=100)
    simulation.run(60, 120)
    assert simulation.refused == 0


def test_when_the_workers_become_fewer_it_follows_and_when_they_come_back_too():
    simulation = Simulation(capacity=200)
    simulation.run(400, 60)
    simulation.service_time = 1 / 20
    simulation.run(400, 60)
    simulation.forget()
    simulation.run(400, 30)
    assert percentile(simulation.delays, 95) < 1.5
    simulation.service_time = 1 / 200
    simulation.run(400, 60)
    simulation.forget()
    simulation.run(400, 30)
    assert len(simulation.delays) >= 0.95 * 200 * 30


def test_two_gateways_share_what_the_workers_can_do():
    simulation = Simulation(capacity=100, gateways=2)
    simulation.run(200, 60)
    simulation.forget()
    simulation.run(200, 120)
    assert min(simulation.answered_by) > 0.3 * sum(simulation.answered_by)
    assert percentile(simulation.delays, 95) < 1.5


def test_recognitions_that_nobody_answers_shrink_the_limit_to_the_least():
    now = [0.0]
    admission = Admission(TOLERABLE, least=4, clock=lambda: now[0])
    for _ in range(100):
        with admission.passage():
            now[0] += 8
    assert admission.limit == 4


def test_an_error_gives_the_place_back():
    admission = Admission(TOLERABLE, initial=4, least=1)
    for _ in range(10):
        with pytest.raises(ValueError, match="broken"), admission.passage():
            raise ValueError("broken")


def test_a_visitor_of_several_frames_takes_the_place_of_as_many_and_may_take_as_much_longer():
    now = [0.0]
    admission = Admission(TOLERABLE, initial=4, clock=lambda: now[0])
    with admission.passage(searches=3), admission.passage(), pytest.raises(Overloaded):
        admission.check()
    with admission.passage(searches=3) as three:
        before = admission.limit
        now[0] += 3 * TOLERABLE
        three.answered = True
    assert admission.limit > before


def test_nothing_is_learnt_from_a_passage_that_sent_nothing():
    admission = Admission(TOLERABLE, initial=4)
    with admission.passage() as passage:
        passage.withdrawn = True
    assert admission.limit == 4
    with ExitStack() as under_way:
        for _ in range(4):
            under_way.enter_context(admission.passage())


@pytest.mark.parametrize("prefer", [{"Prefer": "wait=5"}, {}])
def test_a_frame_that_would_be_decided_too_late_is_refused_before_it_is_queued_or_stored(gateway, prefer):
    with ExitStack() as under_way:
        for _ in range(int(gateway.admission.limit)):
            under_way.enter_context(gateway.admission.passage())
        answer = gateway.client.post(
            "/v1/recognitions",
            data=noise(),
            headers=gateway.headers(**prefer),
            content_type="image/png",
        )
    assert answer.status_code == 503
    assert answer.content_type == "application/problem+json"
    assert answer.json["type"] == "/problems/overloaded"
    assert answer.headers["Retry-After"] == "1"
    assert gateway.jobs.sent == []
    assert gateway.frames.stored == {}


def test_a_decision_in_time_counts_as_answered(gateway):
    gateway.worker_decides()
    before = gateway.admission.limit
    gateway.client.post(
        "/v1/recognitions",
        data=picture(),
        headers=gateway.headers(Prefer="wait=5"),
        content_type="image/jpeg",
    )
    assert gateway.admission.limit == before
