"""How a process that has started collects garbage."""

import gc

#: Objects made since, and collections of younger generations, before the next collection (CPython: 700, 10,
#: 10). A job leaves a few cycles and many objects that go by themselves; looking for cycles seldom is enough.
_THRESHOLDS = (20_000, 20, 20)


def settle() -> None:
    """Call it once all is loaded: what is there now stays.

    The collector would look through botocore's models again and again, and stop every thread meanwhile.
    """
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
