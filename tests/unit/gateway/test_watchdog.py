"""The thread that looks after what may take too long."""

from threading import Event, active_count

from services.gateway.watchdog import Watchdog


def test_what_takes_too_long_is_barked_at():
    barked = Event()
    with Watchdog(0.01).watch(barked.set):
        assert barked.wait(20)


def test_what_is_done_in_time_is_left_alone_while_the_next_one_is_barked_at():
    watchdog, early, late = Watchdog(2), Event(), Event()
    with watchdog.watch(early.set):
        pass
    with watchdog.watch(late.set):
        assert late.wait(20)
    assert not early.is_set()


def test_each_of_many_is_barked_at():
    watchdog, barked = Watchdog(0.01), [Event() for _ in range(20)]
    blocks = [watchdog.watch(event.set) for event in barked]
    for block in blocks:
        block.__enter__()
    assert all(event.wait(20) for event in barked)
    for block in blocks:
        block.__exit__(None, None, None)


def test_after_a_quiet_time_it_still_watches():
    watchdog, first, second = Watchdog(0.01), Event(), Event()
    with watchdog.watch(first.set):
        assert first.wait(20)
    with watchdog.watch(second.set):
        assert second.wait(20)


def test_a_thousand_blocks_need_one_thread():
    watchdog = Watchdog(60)
    before = active_count()
    for _ in range(1000):
        with watchdog.watch(lambda: None):
            pass
    assert active_count() <= before + 1
