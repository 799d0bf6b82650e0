"""What does a customer mean by a reply? G7: all of it is a keyword, or the host reads it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeykit.runtime import read_keyword

STOP = [
    "stop",
    "quit",
    "end",
    "revoke",
    "opt out",
    "cancel",
    "unsubscribe",
]  # 47 CFR 64.1200(a)(10)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        *((word, "stop") for word in STOP),
        ("STOPALL", "stop"), ("Stop all", "stop"), ("OPT-OUT", "stop"), ("Opt\u2011Out", "stop"),
        ("optout", "stop"), ("opt   out\n", "stop"), ("Arrêt", "stop"), ("ARRE\u0302T", "stop"),
        ("arrêter", "stop"), ("Désabonner", "stop"), ("Stopp!", "stop"), ("baja", "stop"),
        ("  Stop. ", "stop"), ("«STOP»", "stop"), ("'stop'", "stop"), ("STOP 🛑", "stop"),
        ("\ufeffstop", "stop"), ("ＳＴＯＰ", "stop"), ("¡Alto!", "stop"),
        ("START", "start"), ("unstop", "start"), ("start.", "start"),
        ("HELP", "help"), ("info", "help"), ("Hilfe!", "help"), ("Aide ?", "help"),
        # Anything else is for the host to read.
        ("", None), ("  ", None), ("?!", None), ("stop it", None), ("please stop", None),
        ("don't stop", None), ("stop stop", None), ("st op", None), ("s-top", None),
        ("stop, cancel", None), ("the end", None), ("opt.out", None), ("opt/out", None),
        ("stopped", None), ("yes", None), ("no", None), ("stop1", None), ("1", None),
    ],
)  # fmt: skip
def test_G7_only_a_whole_keyword_is_one(text: str, meaning: str | None) -> None:
    assert read_keyword(text) == meaning


around = st.text(st.characters(categories=["P", "Z", "Cc", "S"]), max_size=4)


@given(st.sampled_from(STOP), around, around, st.sampled_from(["upper", "title", "NFD", "NFC"]))
def test_G7_case_accents_and_what_stands_around_do_not_count(
    word: str, before: str, behind: str, how: str
) -> None:
    shown = unicodedata.normalize(how, word) if how.startswith("NF") else getattr(word, how)()
    marks = unicodedata.normalize("NFKD", before + behind)
    if not any(char.isalnum() for char in marks):  # such as a circled letter
        assert read_keyword(before + shown + behind) == "stop"


@given(st.text())
def test_G7_any_text_can_be_read(text: str) -> None:
    assert read_keyword(text) in (None, "stop", "start", "help")
    assert read_keyword(f"{text} and more") is None
