from threading import Event, Thread

from kombu.asynchronous import Hub

from services.aws.consumer import WakeUp


def test_the_event_loop_does_at_once_what_a_thread_asks_of_it():
    hub, done = Hub(), Event()
    hub.call_later(60, lambda: None)  # with nothing else to do it sleeps for ten seconds
    wake_up = WakeUp(hub)
    asleep = Event()

    def loop():
        next(hub.loop)
        asleep.set()
        while not done.is_set():
            next(hub.loop)

    wake_up()  # so that the first round comes back
    Thread(target=loop, daemon=True).start()
    assert asleep.wait(5)
    hub.call_soon(done.set)
    wake_up()
    assert done.wait(5)


def test_many_wake_ups_that_nobody_hears_do_not_block():
    wake_up = WakeUp(Hub())
    for _ in range(100_000):
        wake_up()
