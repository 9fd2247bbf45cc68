"""Which text somebody agrees to who was invited: what the page shows, by its language and content."""

from collections.abc import Iterable, Mapping
from hashlib import sha256

from services.gateway.texts import Texts

_CONSENT = "join.consent."
_DIGITS = 8


def consent_versions(languages: Iterable[Texts]) -> Mapping[str, str]:
    """Name the texts of consent, each by its language and a digest of its sentences.

    Returns
    -------
    mapping of str to str
        By language, ``en-1f2e3d4c``: what is written down of who agrees. Other sentences are another text.
    """
    return {texts.language: f"{texts.language}-{_digest(texts)}" for texts in languages}


def _digest(texts: Texts) -> str:
    sentences = "\n".join(f"{key} {texts[key]}" for key in sorted(texts) if key.startswith(_CONSENT))
    return sha256(sentences.encode()).hexdigest()[:_DIGITS]
