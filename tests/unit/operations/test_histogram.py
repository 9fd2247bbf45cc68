import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.operations.histogram import RELATIVE_ERROR, bucket_of, percentile

values = st.lists(st.floats(min_value=0.011, max_value=9e8), min_size=1, max_size=200)


def histogram_of(*many):
    return Counter(bucket_of(value) for some in many for value in some)


def exact(many, percent):
    ordered = sorted(many)
    return ordered[max(1, math.ceil(len(ordered) * percent / 100)) - 1]


@given(values, values, st.sampled_from([0, 1, 50, 90, 95, 99, 100]))
def test_a_percentile_of_histograms_added_up_is_near_the_exact_one_of_all_values(some, others, percent):
    added = histogram_of(some) + histogram_of(others)
    told = percentile(added, percent)
    assert told == pytest.approx(exact(some + others, percent), rel=RELATIVE_ERROR * 1.001)


@given(st.integers(min_value=1, max_value=10))
def test_a_few_messages_are_told_from_one_another(depth):
    assert round(percentile({bucket_of(depth): 1}, 100)) == depth


def test_nothing_is_a_value_of_its_own():
    assert percentile(histogram_of([0, 0, 0, 5]), 50) == 0


def test_of_no_values_there_is_no_percentile():
    assert percentile({}, 50) is None


@pytest.mark.parametrize("beyond", [1e9, 1e12, 1e300])
def test_what_is_out_of_bounds_counts_as_the_largest(beyond):
    assert bucket_of(beyond) == bucket_of(1e9)
