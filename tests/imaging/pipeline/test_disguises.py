"""Identity in other letters: base64, hexadecimal digits and written signs, wherever they begin.

The encodings are made by hand with the tools of RFC 4648 (`printf 'Quirina' | base64`).
"""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging.pipeline.deidentify import IdentityTokens
from imaging.pipeline.deidentify.cleaning import TextCleaner
from imaging.pipeline.deidentify.disguises import disguised
from imaging.pipeline.verifier import TokenSearch

TOKENS = IdentityTokens(
    people=frozenset({"vandersloot", "quirina", "muller"}),
    patient=frozenset({"vandersloot", "quirina", "muller"}),
    phrases=frozenset({"vanderslootquirina", "pqx77120934", "山田花子"}),
    numbers=frozenset({"77120934", "19480217"}),
)
DISGUISED = {
    # base64, its three alignments: Quirina, xQuirina, xxQuirina
    "UXVpcmluYQ==": "", "eFF1aXJpbmE=": "", "eHhRdWlyaW5h": "",
    "eHhRdWlyaW5hLCBhbGdv v2": "v2",
    "UVVJUklOQQ": "", "seq_UXVpcmluYQ": "",
    # Müller as UTF-8 and as Latin-1; the letters of UTF-16
    "TcO8bGxlcg==": "", "TfxsbGVy": "", "UQB1AGkAcgBpAG4AYQA=": "",
    "5bGx55Sw6Iqx5a2Q": "",  # 山田花子
    "UFFYLTc3MTIwOTM0": "",  # PQX-77120934
    # hexadecimal: Quirina, with signs between, in the middle of others, and as UTF-16
    "51756972696E61": "", "51756972696e61": "", "51 75 69 72 69 6e 61": "",
    "51:75:69:72:69:6E:61 kernel": "kernel", "a51756972696e61": "", "4DC3BC6C6C6572": "",
    "510075006900720069006E006100": "", "5175 6972 696e 61": "",
    "0x51 0x75 0x69 0x72 0x69 0x6e 0x61": "", "51,75,0x69,72,69,6E,61": "",
    # decimal numbers
    "81 117 105 114 105 110 97": "", "081,117,105,114,105,110,097 v2": "v2",
    "77 195 188 108 108 101 114": "",
    # turned round
    "aniriuQ": "", "TOOLSREDNAV_1": "1",
    # written signs
    "Q%75irina": "", "%51%75%69%72%69%6e%61": "", "M=C3=BCller head": "head",
    "M&uuml;ller": "", "M&#252;ller": "", "Q&#x75;irina": "",
    # written signs of written signs, base64 of base64, hexadecimal digits of base64
    "M%25C3%25BCller": "", "Q%252575irina": "", "M&amp;uuml;ller v2": "v2", "M&amp;#252;ller": "",
    "M=3DC3=3DBCller": "", "VVhWcGNtbHVZUT09": "", "55585670636d6c7559513d3d": "",
    # Müller as UTF-8 read by Latin-1 and written as UTF-8 anew: as written signs and as base64
    "M%C3%83%C2%BCller": "", "TcODwrxsbGVy": "",
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), DISGUISED.items())
def test_a_name_in_other_letters_leaves_technical_text(text: str, expected: str) -> None:
    assert TextCleaner(TOKENS).technical(text) == expected


@pytest.mark.parametrize("text", [text for text in DISGUISED if not DISGUISED[text]])
def test_a_name_in_other_letters_leaves_free_text(text: str) -> None:
    assert TextCleaner(TOKENS).free(f"CT {text} CHEST") == "CT CHEST"


def test_words_that_are_told_together_only_take_their_line_with_them() -> None:
    cleaner = TextCleaner(TOKENS)
    assert cleaner.technical("v2 Vand%65r sl%6Fot") == ""
    assert cleaner.free("CHEST\nVand%65r sl%6Fot\nAXIAL").split() == ["CHEST", "AXIAL"]


# UTF-8 read by Latin-1, Windows 1252, code page 437 and Mac; twice by 1252, by 437, by both.
MISREAD = [
    "MÃ¼ller", "Mu\xcc\x88ller", "M├╝ller", "M√ºller", "MÃƒÂ¼ller", "M├â┬╝ller", "Mâ”œâ•\x9dller",
    "×\x9b×\x94×\x9f", "╫¢╫ö╫ƒ",
]  # fmt: skip
HEBREW = IdentityTokens(people=TOKENS.people | {"כהן"}, patient=TOKENS.patient)


@pytest.mark.parametrize("text", MISREAD)
def test_a_name_that_was_read_by_a_wrong_character_set_leaves_every_text(text: str) -> None:
    cleaner = TextCleaner(HEBREW)
    assert cleaner.technical(text) == ""
    assert cleaner.technical(f"v2 {text}") == "v2"
    assert cleaner.free(f"CT {text} CHEST") == "CT CHEST"
    assert TokenSearch(HEBREW).in_disguise(text)


@pytest.mark.parametrize("text", [text for text in DISGUISED if not text.startswith("aniriuQ")])
def test_the_verifier_reads_the_same_codes_by_its_own_means(text: str) -> None:
    search = TokenSearch(TOKENS)
    assert search.in_disguise(text) or search.in_text(text) or search.in_speech(text)


MACHINE = [
    "Fluorodeoxyglucose F^18^", "SIEMENS MED PT AD-HOC", "t1_mprage_sag_p2_iso", "VG60A",
    "DEADBEEF",
    "cafebabe00112233", "ep_b1000#1", "100% R=0.5 a=b&c;", "OSEM3D+TOF+PSF",
    "0123456789", "51 75 69", "1.2.840.10008.5.1.4.1.1.2", "AAAAAAAAAAAAAAAA", "Q0FSRElBQw==",
    "±5° · 20²", "A&amp;B 100%25", "≤4 µm ─ √2", "Q0FSRElBQw%3D%3D",
]  # fmt: skip


@pytest.mark.parametrize("text", MACHINE)
def test_what_only_looks_like_a_code_stays(text: str) -> None:
    assert TextCleaner(TOKENS).technical(text) == text


@given(
    st.binary(max_size=12), st.sampled_from(["Quirina", "VANDERSLOOT", "Müller", "PQX-77120934"]),
    st.sampled_from([base64.b64encode, base64.urlsafe_b64encode, base64.b16encode]),
)  # fmt: skip
def test_a_name_is_found_wherever_it_begins(before: bytes, name: str, code: object) -> None:
    assert callable(code)
    data = before + b" " + name.encode() + b" "
    text = code(data).decode()
    assert disguised(text, TOKENS.hit) == [(0, len(text))]


@given(st.text(max_size=60))
def test_spans_lie_in_the_text_and_do_not_overlap(text: str) -> None:
    spans = disguised(text, lambda decoded: True)
    ends = [0, *(end for _, end in spans)]
    assert all(0 <= last <= start < end <= len(text) for last, (start, end) in zip(ends, spans))  # noqa: B905
