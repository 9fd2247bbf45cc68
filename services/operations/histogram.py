"""Histograms that can be added up, of durations and depths, and the percentiles that they tell.

Bounds grow by a fixed factor, as DDSketch's do (Masson, Rim and Lee, "DDSketch: A Fast and Fully-Mergeable
Quantile Sketch with Relative-Error Guarantees", VLDB 2019): whatever two processes counted is added up bucket
by bucket, and a percentile of the sum is wrong by at most `RELATIVE_ERROR` of itself.
"""

import math
from collections.abc import Mapping

#: Of a percentile, against the exact one.
RELATIVE_ERROR = 0.05
_GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_LOG_GAMMA = math.log(_GAMMA)
#: What is smaller counts as nothing: a hundredth of a millisecond, or no message at all.
_LEAST = 0.01
_LEAST_BUCKET = math.ceil(math.log(_LEAST) / _LOG_GAMMA)
#: What is larger counts as this: eleven days in milliseconds.
_MOST_BUCKET = math.ceil(math.log(1e9) / _LOG_GAMMA)
#: Holds what is nothing.
ZERO_BUCKET = _LEAST_BUCKET - 1


def bucket_of(value: float) -> int:
    """Tell in which bucket a value counts; bucket i ends with ``gamma ** i``, where the next one begins."""
    if value <= _LEAST:
        return ZERO_BUCKET
    return min(max(math.ceil(math.log(value) / _LOG_GAMMA), _LEAST_BUCKET), _MOST_BUCKET)


def value_of(bucket: int) -> float:
    """Tell the value that stands for a bucket: as far from its lower as from its upper bound, relatively."""
    if bucket <= ZERO_BUCKET:
        return 0.0
    return 2 * _GAMMA**bucket / (_GAMMA + 1)


def percentile(buckets: Mapping[int, int], percent: float) -> float | None:
    """Tell the value below or at which so many percent of all lie; None where there are none.

    Parameters
    ----------
    buckets : mapping of int to int
        How many values each bucket holds.
    percent : float
        0 to 100.
    """
    total = sum(buckets.values())
    if not total:
        return None
    # the nearest-rank percentile: the smallest value that so many are not above
    rank = max(1, math.ceil(total * percent / 100))
    counted = 0
    for bucket in sorted(buckets):
        counted += buckets[bucket]
        if counted >= rank:
            return value_of(bucket)
    return None
