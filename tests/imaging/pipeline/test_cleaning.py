"""Free text keeps words of the field; technical text keeps itself; values keep their meaning."""

from __future__ import annotations

from datetime import date
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from imaging.pipeline.deidentify import IdentityTokens, collect_tokens, load_profile
from imaging.pipeline.deidentify.cleaning import TextCleaner
from imaging.pipeline.deidentify.values import (
    cap_age,
    is_time,
    shift_date,
    shift_datetime,
)
from imaging.pipeline.text import charsets_of, decode_text, fold, foldings
from imaging.pipeline.verifier import TokenSearch
from imaging.pipeline.verify import read_header

TOKENS = IdentityTokens(
    people=frozenset({"vandersloot", "quirina"}),
    patient=frozenset({"vandersloot", "quirina", "head"}),
    phrases=frozenset({"vanderslootquirina", "pqx77120934"}),
    numbers=frozenset({"4711", "19480217"}),
)

FREE = {
    "CT THORAX ABDOMEN PELVIS": "CT THORAX ABDOMEN PELVIS",
    "AXIAL 1.25 PORTAL VENOUS": "AXIAL 1.25 PORTAL VENOUS",
    "t1_mprage_sag_p2_iso": "t1_mprage_sag_p2_iso",
    "DWI b50_400_800 ADC": "DWI b50_400_800 ADC",
    "5.1 CHEST ABDO": "5.1 CHEST ABDO",
    "GTV-1": "GTV-1",
    "CT THORAX Vandersloot": "CT THORAX",
    "VANDERSLOOT, QUIRINA CHEST": "CHEST",
    "quirinavandersloot liver": "liver",
    "CT HEAD": "CT",
    "Dr. Long Brook AXIAL": "AXIAL",
    "seen by Mr Hargreaves CHEST": "seen by CHEST",
    "MRN 4711 LIVER": "LIVER",
    "LIVER 17.02.1948": "LIVER",
    "LIVER 1948-02-17": "LIVER",
    "LIVER 17 Feb 1948": "LIVER",
    "call 555-730-1188 LUNG": "LUNG",
    "x@y.example LUNG": "LUNG",
    "LUNG (Vandersloot)": "LUNG",
    "Vandersloot's LUNG": "LUNG",
    "山田 LIVER": "LIVER",
    "H_w_a_n_g chest": "chest",
    "chest_Z-O-E-Y": "chest",
    "%EF%BE%80%EF%BD%B9 LIVER": "LIVER",
    "LIVER &#233;&#xe9;&eacute;": "LIVER",
    "94 yo, LIVER": "LIVER",
    "CHEST 101 years": "CHEST",
    "89 yo LIVER": "89 LIVER",
    "90Y SIRT LIVER": "90Y SIRT LIVER",
    "Nguyễn": "",
    "": "",
}


@pytest.mark.parametrize(("text", "expected"), FREE.items())
def test_free_text_keeps_only_words_of_the_field(text: str, expected: str) -> None:
    assert TextCleaner(TOKENS).free(text) == expected


GROUPS = "1-" * 50_000 + "1 LIVER"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a" * 200_000, ""), ("1" * 200_000, ""), ("LIVER " + "-" * 200_000 + " Quirina", "LIVER"),
     ("Quirina-" * 25_000 + "LIVER", "LIVER"), (GROUPS, GROUPS)],
    ids=["a word", "a number", "signs", "names", "digits in groups"],
)  # fmt: skip
def test_a_text_of_any_length_is_read_in_one_go(text: str, expected: str) -> None:
    """A pattern that began anew at every sign took minutes for 60 kB of one word."""
    assert TextCleaner(TOKENS).free(text) == expected


TECHNICAL = {
    "B30f": "B30f",
    "*tfl3d1_ns": "*tfl3d1_ns",
    "syngo MR E11": "syngo MR E11",
    "5.00.02": "5.00.02",
    "Philips Medical Systems": "Philips Medical Systems",
    "unknownword": "unknownword",
    "Vandersloot kernel": "kernel",
    "PQX-77120934": "",
    "v1 19480217": "v1",
}


@pytest.mark.parametrize(("text", "expected"), TECHNICAL.items())
def test_technical_text_is_kept_unless_it_holds_identity(text: str, expected: str) -> None:
    assert TextCleaner(TOKENS).technical(text) == expected


def upload_of(**values: str) -> IdentityTokens:
    """The identity of an upload of one header."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", "1.2.3"
    dataset.Rows = dataset.Columns = 1
    for name, value in values.items():
        setattr(dataset, name, value)
    written = BytesIO()
    dataset.save_as(written, enforce_file_format=True)
    return collect_tokens(read_header(written.getvalue()), load_profile("trial"))


UPLOADS = (
    upload_of(
        PatientName="Li^Wu", PatientBirthDate="19400511", PatientID="PL0077-12/04",
        ReferringPhysicianName="Vogel^Ernst", OperatorsName="Xu^Yi", StationName="CT_FIELD",
        RequestingPhysician="Hu^An", DeviceSerialNumber="SHG-CT-9981",
    ),
    upload_of(
        PatientName="Ng^Ai Ling", PatientBirthDate="19711130", ReferringPhysicianName="Koh^Amy",
        OperatorsName="Grünewald^Maria", PatientID="4711", DeviceSerialNumber="SRL 0924",
    ),
)  # fmt: skip
# Identity of the upload as scanners and people abbreviate it, by the upload that it is of.
ABBREVIATED = [
    (0, "CT_FIELD v2", ""), (0, "SHG-CT-9981", ""), (0, "PL0077-12/04", ""), (0, "Li", ""),
    (0, "LI_T1", "T1"), (0, "x Yi Xu", "x"), (0, "An Hu", ""), (0, "WuLi01", ""),
    (0, "11May40", ""), (0, "May 11, 1940", ""), (0, "11.05.40", ""), (0, "400511", ""),
    (0, "VogelProto", ""), (0, "PROTOVOGEL", ""), (0, "1.2.246.4711.4.75736893", ""),
    (1, "algo Ng", ""), (1, "30Nov71", ""), (1, "711130", ""), (1, "301171", ""),
    (1, "Ko\xadh", ""), (1, "KO_H", "H"), (1, "K_O_H 2", ""), (1, "CTKoh", ""), (1, "EMaria", ""),
    (1, "GR_NEWALD", "GR"), (1, "SRL 0924", ""),
]  # fmt: skip


LONG_NAMED = upload_of(
    PatientName="Konstantinopoulos^Maximiliane", PatientID="PL1",
    ReferringPhysicianName="Saint-Müllerschön^Bo", OperatorsName="Headingtonley^Al",
)  # fmt: skip
# What is left of a long name where a scanner cuts it; beside it what only begins like one.
CUT = {
    "KONSTANTINOPOULO": "", "T1 KONSTANTINOPO": "T1", "PROTOCOL KONSTAN": "PROTOCOL",
    "Konstant v2": "v2", "TSE MAXIMILIAN 1": "TSE 1", "MULLERSCHO 3": "3", "MUELLERSCH_T2": "T2",
    "SEQUENCE 12 KONS": "SEQUENCE 12", "KONST 2.1": "2.1", "Konstan v2": "v2",
}  # fmt: skip
WHOLE = ["PROTOCOL KON", "HEAD", "SIEMENS ROI HEAD", "SEQUENCE 123 KON", "KON", "MAXI"]


@pytest.mark.parametrize(("text", "expected"), CUT.items())
def test_the_beginning_of_a_long_name_leaves_technical_text(text: str, expected: str) -> None:
    assert TextCleaner(LONG_NAMED).technical(text) == expected


@pytest.mark.parametrize("text", WHOLE)
def test_what_begins_like_a_name_by_chance_stays(text: str) -> None:
    assert TextCleaner(LONG_NAMED).technical(text) == text


@pytest.mark.parametrize(("upload", "text", "expected"), ABBREVIATED)
def test_abbreviated_identity_leaves_technical_text_and_is_held_by_the_verifier(
    upload: int, text: str, expected: str
) -> None:
    search = TokenSearch(UPLOADS[upload])
    assert TextCleaner(UPLOADS[upload]).technical(text) == expected
    assert search.in_text(text) or search.in_speech(text)
    assert not search.in_text(expected) and not search.in_speech(expected)


@pytest.mark.parametrize(
    "name", ["MÃ¼ller^Bo", "M├╝ller^Bo", "M%C3%BCller^Bo", "M&amp;#252;ller^Bo"]
)
def test_a_name_that_came_encoded_twice_is_known_as_it_is_written(name: str) -> None:
    tokens = upload_of(PatientName=name)
    assert {"muller", "mueller"} <= tokens.people
    assert TextCleaner(tokens).technical("Muller v2") == "v2"


# A cut name leaves; what is a word of the field, of a maker or too short for a name stays.
CUT_SHORT = {
    "VAND": "", "scan vand": "scan", "Quiri": "", "Quiri_T1": "T1", "T1_QUIRI2": "T1",
    "v2 vande": "v2", "QU": "QU", "QUI": "QUI", "vand2": "vand2", "QUIR": "QUIR", "VAN": "VAN",
    "SPAIR": "SPAIR", "STAND": "STAND", "Vant": "Vant", "mart": "mart",
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CUT_SHORT.items())
def test_a_name_that_was_cut_short_leaves_technical_text(text: str, expected: str) -> None:
    tokens = upload_of(
        PatientName="Vandersloot^Quirina", ReferringPhysicianName="Standish^Martha",
        OperatorsName="Spairton^Ann",
    )  # fmt: skip
    search = TokenSearch(tokens)
    assert TextCleaner(tokens).technical(text) == expected
    assert search.in_speech(text) is (text != expected)


# What the name came as, and a technical text with its whole form, before and after.
GOES_ON = [
    ("VAND^QU", "Vandersloot v2", "v2"), ("BOWM^QU", "T1_BOWMANN", "T1"),
    ("SPIR^QU", "SPIRAL", "SPIRAL"), ("STAN^QU", "STANDARDIZED", "STANDARDIZED"),
    ("VAN^QU", "Vandersloot", "Vandersloot"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "expected"), GOES_ON)
def test_the_whole_form_of_a_name_that_came_cut_leaves_technical_text(
    name: str, text: str, expected: str
) -> None:
    tokens = upload_of(PatientName=name)
    assert TextCleaner(tokens).technical(text) == expected
    search = TokenSearch(tokens)
    assert (search.in_text(text) or search.in_speech(text)) is (text != expected)


# Patient ID, a technical text before and after.
FOUR_DIGITS = [
    ("4711", "4711", ""), ("4711", "T1_4711", "T1"), ("4711", "B30f 4711 v2", "B30f v2"),
    ("4711", "MRN=4711", ""), ("0004711", "v2 4711", ""), ("4711", "4711.", ""),
    ("4711", "4712", "4712"), ("4711", "14711", "14711"), ("4711", "4.4711", "4.4711"),
    ("4711", "4711.5", "4711.5"), ("4711", "B4711f", "B4711f"), ("2500", "TR 2500", "TR 2500"),
    ("2048", "2048", "2048"), ("1998", "syngo 1998", "syngo 1998"), ("0001", "M 0001", "M 0001"),
    ("9999", "9999", "9999"), ("0530", "+0530", "+0530"), ("0530", "-0530", "-0530"),
]  # fmt: skip


@pytest.mark.parametrize(("patient", "text", "expected"), FOUR_DIGITS)
def test_an_identifier_of_four_digits_leaves_technical_text(
    patient: str, text: str, expected: str
) -> None:
    tokens = upload_of(PatientID=patient)
    assert TextCleaner(tokens).technical(text) == expected
    assert TokenSearch(tokens).in_four_digits(text) is (text != expected)


def test_four_digits_that_software_or_a_code_bears_stay() -> None:
    tokens = upload_of(PatientID="4711", SoftwareVersions="VB10 build 4711")
    assert TextCleaner(tokens).technical("build 4711") == "build 4711"
    assert not TokenSearch(tokens).in_four_digits("build 4711")
    coded = TextCleaner(upload_of(PatientID="4711"), of_codes=True)
    assert coded.technical("4711") == "4711"


@pytest.mark.parametrize("text", ["11.5.40", "5/11/1940", "1940-5-11", "11_5_1940", "40/5/11"])
def test_a_birth_date_without_zeros_leaves_technical_text(text: str) -> None:
    assert TextCleaner(UPLOADS[0]).technical(f"{text} v2") == "v2"
    assert TextCleaner(UPLOADS[1]).technical(text) == text


def test_a_version_is_no_number_of_a_patient() -> None:
    assert TextCleaner(upload_of(PatientID="000001")).technical("0.0.1") == "0.0.1"


# A station, maker and model beside it, and a text that a machine sets, before and after.
STATIONS = [
    ("Prisma", "SIEMENS", "MAGNETOM Prisma", "Prisma v2", ""),
    ("PRISMA", "SIEMENS", "Prisma", "coil_prisma", ""),
    ("Magnetom-Vida", "SIEMENS", "MAGNETOM Vida", "MAGNETOM_VIDA", ""),
    ("Vida", "SIEMENS", "MAGNETOM Vida", "vida 2", "2"),
    ("Vida", "SIEMENS", "MAGNETOM Vida", "individual", "individual"),
    ("Biograph64", "SIEMENS", "Biograph64", "Biograph64 VG", ""),
    ("Zorbex", "Zorb", "Zorbex 3", "ZORBEX", ""),
]  # fmt: skip


@pytest.mark.parametrize(("station", "maker", "model", "text", "expected"), STATIONS)
def test_a_station_leaves_every_text_but_maker_and_model(
    station: str, maker: str, model: str, text: str, expected: str
) -> None:
    tokens = upload_of(StationName=station, Manufacturer=maker, ManufacturerModelName=model)
    assert TextCleaner(tokens).technical(text) == expected
    of_product = TextCleaner(tokens.beside_products)
    assert (of_product.technical(maker), of_product.technical(model)) == (maker, model)
    assert not TokenSearch(tokens).in_text(model)


@pytest.mark.parametrize("station", ["NILE-CT", "AASE_MR", "MR Quellental", "SN5567"])
def test_a_station_that_is_no_product_leaves_maker_and_model_too(station: str) -> None:
    tokens = upload_of(StationName=station, Manufacturer=station, ManufacturerModelName=station)
    assert TextCleaner(tokens.beside_products).technical(station) == ""


def test_words_of_the_field_are_no_stations() -> None:
    tokens = upload_of(StationName="CT", Manufacturer="SIEMENS", ManufacturerModelName="Emotion")
    assert TextCleaner(tokens).technical("CT routine") == "CT routine"


NUMBERS = [
    ("0004711", "4711"), ("0004711", "4711.0"), ("0004711", "004711"), ("0004711", "4.711E3"),
    ("4711", "4711"), ("91021", "910.21"), ("7712034", "-771.2034"), ("0083217", "83217."),
]  # fmt: skip
MEASURES = [
    ("0004711", "47.11"), ("0004711", "4712"), ("1000", "1000"), ("2550", "2550.0"),
    ("91021", "0.91021"), ("123", "123"), ("4711", "14711"), ("4711", ""), ("4711", "nan"),
]  # fmt: skip


@pytest.mark.parametrize(("patient", "number"), NUMBERS)
def test_a_private_number_that_is_the_patients_is_told_by_value(patient: str, number: str) -> None:
    assert upload_of(PatientID=patient).is_value(number)


@pytest.mark.parametrize(("patient", "number"), MEASURES)
def test_a_private_number_that_only_looks_like_it_is_a_measure(patient: str, number: str) -> None:
    assert not upload_of(PatientID=patient).is_value(number)


@given(st.integers(1_001, 10**14), st.integers(0, 4))
def test_a_number_is_the_patients_however_many_zeros_it_is_written_with(
    number: int, zeros: int
) -> None:
    tokens = IdentityTokens(numbers=frozenset({"0" * zeros + str(number)}))
    is_round = number < 10_000 and number % 50 == 0
    assert tokens.is_value(f"{number}.0") is not is_round
    assert not tokens.is_value(str(number + 1))


MACHINE = [
    "*tfl3d1_16ns", "B31f", "ORIGINAL", "DERIVED", "MR", "SE", "EP_FID2D", "syngo MR E11", "HU",
    "5.4.1.4.3", "VG60A", "ng/ml", "0.5 mA", "Lu-177", "Fluorodeoxyglucose F^18^", "FIELD", "CT",
    "1.2.840.10008.5.1.4.1.1.2", "12.5.1940", "1.2.3", "5.40.11", "LIVE", "NORM", "BODY_CONVO",
    "Ext. PCA 160",
]  # fmt: skip


@pytest.mark.parametrize("text", MACHINE)
def test_what_a_machine_sets_stays_in_every_upload(text: str) -> None:
    for tokens in UPLOADS:
        assert TextCleaner(tokens).technical(text) == text


@given(st.text(max_size=80))
def test_no_free_text_keeps_a_token_or_grows_when_cleaned_again(text: str) -> None:
    cleaner = TextCleaner(TOKENS)
    once = cleaner.free(f"{text} Vandersloot {text}")
    assert not TOKENS.hit(once)
    assert "vandersloot" not in fold(once)
    assert cleaner.free(once) == once


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.dates(date(1900, 1, 1), date(2100, 1, 1)))
def test_intervals_between_dates_do_not_change(first: date, second: date) -> None:
    moved = [shift_date(day.strftime("%Y%m%d"), -1234) for day in (first, second)]
    assert None not in moved
    days = [date(int(m[:4]), int(m[4:6]), int(m[6:])) for m in moved if m]
    assert (days[1] - days[0]) == (second - first)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("20240301101500.25+0100", "20240228101500.25+0100"),
        ("20240301", "20240228"),
        ("202403", "202402"),
        ("2024", "2023"),
        ("not a date", None),
        ("20241399", None),
    ],
)
def test_a_date_time_keeps_precision_time_and_zone(value: str, expected: str | None) -> None:
    assert shift_datetime(value, -2) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("045Y", "045Y"), ("090Y", "090Y"), ("104Y", "090Y"), ("006M", "006M"), ("x", None)],
)
def test_ages_are_capped_at_ninety(value: str, expected: str | None) -> None:
    assert cap_age(value, 90) == expected


def test_times_are_told_from_text() -> None:
    assert is_time("101530.25") and is_time("10:15:30") and is_time("10\\11")
    assert not is_time("Smith")


def test_every_spelling_of_a_name_folds_to_one() -> None:
    assert fold("MÜLLER") == fold("Müller") == fold("Mu\u0308ller") == "muller"
    assert foldings("Müller") == ("muller", "mueller")
    assert fold("Łukasz Đorđević Weiß") == "lukasz dordevic weiss"


@pytest.mark.parametrize(
    ("charset", "raw", "expected"),
    [
        (b"ISO_IR 100", "Müller".encode("latin-1"), "Müller"),
        (b"ISO_IR 192", "山田".encode(), "山田"),
        (b"ISO_IR 144", "Люкceмбypг".encode("iso8859_5"), "Люкceмбypг"),
        (b"GB18030", "王小东".encode("gb18030"), "王小东"),
        (b"", "Müller".encode("latin-1"), "Müller"),
        (b"ISO_IR 999", "Müller".encode("latin-1"), None),
        (b"ISO_IR 192", b"M\xfcller", None),
    ],
)
def test_text_is_decoded_by_its_character_set_or_not_at_all(
    charset: bytes, raw: bytes, expected: str | None
) -> None:
    assert decode_text(raw, "LO", charsets_of(charset)) == expected
