"""What pages say, in each language: the files in ``static/texts``, which the pages' scripts read too."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from werkzeug.datastructures import LanguageAccept

#: The language of whoever asked for none that we have; its texts are complete by definition.
DEFAULT_LANGUAGE = "en"


@dataclass(frozen=True)
class Texts(Mapping[str, str]):
    """The texts of one language.

    Attributes
    ----------
    language : str
        As in ``<html lang>``.
    sentences : Mapping of str to str
        By their keys; a text may have ``{names}`` to be filled in.
    """

    language: str
    sentences: Mapping[str, str]

    def __getitem__(self, key: str) -> str:
        return self.sentences[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.sentences)

    def __len__(self) -> int:
        return len(self.sentences)


class Languages:
    """All languages that pages speak."""

    def __init__(self, texts: Mapping[str, Texts]) -> None:
        self._texts = texts

    @classmethod
    def read(cls, folder: Path) -> "Languages":
        """Read a folder of JSON files, each named after its language."""
        return cls({file.stem: _read(file) for file in sorted(folder.glob("*.json"))})

    def __iter__(self) -> Iterator[Texts]:
        return iter(self._texts.values())

    def choose(self, named: str | None, accepted: LanguageAccept) -> Texts:
        """Choose the texts for a request.

        Parameters
        ----------
        named : str or None
            The language that the address names, which a kiosk's owner sets for every visitor.
        accepted : LanguageAccept
            What the browser prefers (``Accept-Language``).
        """
        if named is not None and named in self._texts:
            return self._texts[named]
        return self._texts[accepted.best_match(self._texts, DEFAULT_LANGUAGE)]


def _read(file: Path) -> Texts:
    return Texts(file.stem, json.loads(file.read_text(encoding="utf-8")))
