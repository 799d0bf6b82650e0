"""What does a customer mean by a reply? STOP, START, HELP and their kin; nothing else.

Only a message that consists of a keyword is one. What is said in other words, the host
reads: in the United States any reasonable way of saying no counts (47 CFR 64.1200(a)(10)).
"""

from __future__ import annotations

import unicodedata
from typing import Final, Literal

Keyword = Literal["stop", "start", "help"]

_WORDS: Final[dict[Keyword, tuple[str, ...]]] = {
    "stop": (
        # 47 CFR 64.1200(a)(10)
        "stop", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe",
        # and how they are also written
        "stopall", "stop all", "optout",
        "arret", "arreter", "desabonner",  # French
        "stopp", "abmelden", "abbestellen",  # German
        "alto", "baja", "cancelar",  # Spanish
    ),
    "start": ("start", "unstop"),
    "help": ("help", "info", "aide", "hilfe", "ayuda"),
}  # fmt: skip
_KNOWN: Final[dict[str, Keyword]] = {
    word: keyword for keyword, words in _WORDS.items() for word in words
}


def read_keyword(text: str) -> Keyword | None:
    """Return what a reply means if all of it is a keyword, else None.

    Case, accents, and punctuation and blanks around it do not count; a hyphen or several
    blanks between two words are one blank.
    """
    return _KNOWN.get(plain(text))


def plain(text: str) -> str:
    """Return a reply in the spelling of the keywords."""
    shown = unicodedata.normalize("NFKD", text).casefold()
    letters = [char if char.isalnum() else " " for char in shown if not unicodedata.combining(char)]
    inner = "".join(letters).strip()
    return " ".join(inner.split()) if _is_joined(shown, inner) else ""


def _is_joined(shown: str, inner: str) -> bool:
    """Tell whether nothing but blanks and hyphens stands between the words."""
    marks = {char for char in _between(shown) if not char.isalnum()}
    return bool(inner) and all(_is_gap(char) for char in marks)


def _between(shown: str) -> str:
    ends = [place for place, char in enumerate(shown) if char.isalnum()]
    return shown[ends[0] : ends[-1] + 1] if ends else ""


def _is_gap(char: str) -> bool:
    return char.isspace() or unicodedata.category(char) in ("Pd", "Mn", "Cf")
