import pytest

from services.gateway.limits import RateLimit
from services.gateway.problems import Problem


def test_after_so_many_tries_no_more_are_let_through_and_it_says_how_long():
    limit = RateLimit("2/hour")
    limit.count("10.0.0.1")
    limit.count("10.0.0.1")
    with pytest.raises(Problem) as refused:
        limit.count("10.0.0.1")
    assert (refused.value.type.slug, refused.value.type.status) == ("too-many-tries", 429)
    assert 1 <= int(refused.value.headers["Retry-After"]) <= 3600


def test_each_key_has_tries_of_its_own():
    limit = RateLimit("1/hour")
    limit.count("10.0.0.1")
    limit.count("10.0.0.2")


def test_limits_of_different_things_do_not_count_together():
    first, second = RateLimit("1/hour"), RateLimit("1/hour")
    first.count("10.0.0.1")
    second.count("10.0.0.1")


@pytest.mark.parametrize("text", ["", "often", "0.5/minute"])
def test_what_is_no_limit_is_refused(text: str):
    with pytest.raises(ValueError, match="rate limit"):
        RateLimit(text)
