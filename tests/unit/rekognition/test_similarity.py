"""What Similarity means."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localaws.rekognition.engine.packs.manifest import SimilarityScale
from localaws.rekognition.engine.similarity import cosine_of, similarity_of

SCALE = SimilarityScale(slope=40, offset=-11.405)


@given(st.floats(-1, 0.8), st.floats(0.0001, 0.2))
def test_more_alike_is_more_similar(cosine, more):
    assert 0 < similarity_of(cosine, SCALE) < similarity_of(cosine + more, SCALE) <= 100


@given(st.floats(0.1, 99.9))
def test_a_threshold_and_its_cosine_belong_together(similarity):
    assert similarity_of(cosine_of(similarity, SCALE), SCALE) == pytest.approx(similarity)


def test_a_threshold_of_0_lets_everything_pass_and_100_nothing():
    assert cosine_of(0, SCALE) == -math.inf
    assert cosine_of(100, SCALE) == math.inf


def test_the_default_pack_says_99_at_a_cosine_of_four_tenths(engine):
    assert engine.similarity(0.4) == pytest.approx(99, abs=0.01)
    assert engine.similarity(0.354) < 99  # the most alike strangers measured
