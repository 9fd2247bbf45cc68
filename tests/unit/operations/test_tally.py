from threading import Thread

from services.operations.tally import Tally, histogram


def test_what_was_taken_is_counted_anew():
    tally = Tally()
    tally.count("opened", 2)
    assert tally.take() == {"opened": 2}
    assert tally.take() == {}


def test_what_could_not_be_written_is_counted_with_what_came_meanwhile():
    tally = Tally()
    tally.count("opened")
    taken = tally.take()
    tally.count("opened")
    tally.give_back(taken)
    assert tally.take() == {"opened": 2}


def test_threads_that_count_at_once_lose_nothing():
    tally = Tally()
    threads = [Thread(target=lambda: [tally.observe("ms", 3.0) for _ in range(2000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(histogram(tally.take(), "ms").values()) == 8000


def test_histograms_whose_names_begin_alike_are_apart():
    tally = Tally()
    tally.observe("waited", 1.0)
    tally.observe("waited:long", 1.0)
    assert sum(histogram(tally.take(), "waited").values()) == 1
