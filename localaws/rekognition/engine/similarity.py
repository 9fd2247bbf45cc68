"""What the cosine of two vectors means as Rekognition's Similarity."""

import math

from localaws.rekognition.engine.packs.manifest import SimilarityScale


def similarity_of(cosine: float, scale: SimilarityScale) -> float:
    """Return Rekognition's percentage, 0 to 100, for a cosine."""
    return 100 / (1 + math.exp(-(scale.slope * cosine + scale.offset)))


def cosine_of(similarity: float, scale: SimilarityScale) -> float:
    """Return the cosine at which a percentage begins; infinite at the open ends 0 and 100."""
    if similarity <= 0:
        return -math.inf
    if similarity >= 100:
        return math.inf
    return (math.log(similarity / (100 - similarity)) - scale.offset) / scale.slope
