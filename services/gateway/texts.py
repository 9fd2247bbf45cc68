"""What pages say, in each language: the files ``static/texts/<language>/<area>.json``."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from werkzeug.datastructures import LanguageAccept

#: The language of whoever asked for none that we have; its texts are complete by definition.
DEFAULT_LANGUAGE = "en"
_GAP = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Texts(Mapping[str, str]):
    """The texts of one language.

    Attributes
    ----------
    language : str
        As in ``<html lang>``.
    sentences : Mapping of str to str
        By their keys, which begin with the name of their area; a text may have ``{names}`` to be filled in.
    """

    language: str
    sentences: Mapping[str, str]

    def __getitem__(self, key: str) -> str:
        return self.sentences[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.sentences)

    def __len__(self) -> int:
        return len(self.sentences)

    def say(self, key: str, **fill_ins: object) -> str:
        """Say a text with its gaps filled in.

        Raises
        ------
        KeyError
            If there is no such text, or nothing for one of its gaps.
        """
        return _GAP.sub(lambda gap: str(fill_ins[gap[1]]), self.sentences[key])


class Languages:
    """All languages that pages speak."""

    def __init__(self, texts: Mapping[str, Texts]) -> None:
        self._texts = texts

    @classmethod
    def read(cls, folder: Path, also: Mapping[str, Mapping[str, str]] | None = None) -> "Languages":
        """Read a folder that has one folder a language, named after it, with one JSON file an area.

        Parameters
        ----------
        also : mapping of str to mapping, optional
            By language, texts that are written down elsewhere.
        """
        more = also or {}
        folders = sorted(found for found in folder.iterdir() if found.is_dir())
        return cls({found.name: _read(found, more.get(found.name, {})) for found in folders})

    def __iter__(self) -> Iterator[Texts]:
        return iter(self._texts.values())

    def __contains__(self, language: object) -> bool:
        return language in self._texts

    def choose(self, named: str | None, accepted: LanguageAccept) -> Texts:
        """Choose the texts for a request.

        Parameters
        ----------
        named : str or None
            The language that the address names, which a kiosk's owner sets for every visitor; or the one that
            an operator chose.
        accepted : LanguageAccept
            What the browser prefers (``Accept-Language``).
        """
        if named is not None and named in self._texts:
            return self._texts[named]
        return self._texts[accepted.best_match(self._texts, DEFAULT_LANGUAGE)]


def _read(folder: Path, also: Mapping[str, str]) -> Texts:
    sentences = dict(also)
    for area in sorted(folder.glob("*.json")):
        sentences |= json.loads(area.read_text(encoding="utf-8"))
    return Texts(folder.name, sentences)
