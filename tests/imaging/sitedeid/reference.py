"""The server's engine for the tests of both engines: plans, files from element sets, results.

`python -m tests.imaging.sitedeid.reference plan` prints the plan that the vectors are run with;
`… corpus FOLDER OUT` cleans every file of a folder as one upload each, and lists what came out;
`… planted FOLDER` writes an upload with planted identities.
The browser's tests call it, so that both engines get their rules from one place.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from imaging.pipeline import encoding
from imaging.pipeline.deidentify import (
    DeidPlan,
    IdentityTokens,
    Subject,
    TrialValues,
    collect_tokens,
    deidentify_file,
    load_profile,
)
from imaging.pipeline.encoding import Malformed, encode, encode_items
from imaging.pipeline.site_cleaning import SiteOption, site_plan
from imaging.pipeline.verify import load, read_header
from tests.imaging.pipeline.planted import make_upload

VECTORS = Path(__file__).parent / "vectors"
COMMON: dict[str, Any] = json.loads((VECTORS / "common.json").read_text("utf-8"))
LARGEST = 64 * 1024 * 1024


def plan_for(tokens: IdentityTokens = IdentityTokens()) -> DeidPlan:  # noqa: B008 - frozen
    """Return the plan of all vectors, with the identity of one upload."""
    return DeidPlan(
        key=bytes.fromhex(COMMON["key"]),
        profile=load_profile("trial"),
        subject=Subject(**COMMON["subject"]),
        trial=TrialValues(**COMMON["trial"]),
        tokens=tokens,
    )


def tokens_of(path: Path) -> IdentityTokens:
    """Return the identity of an upload of one file."""
    return collect_tokens(read_header(load(path)), load_profile("trial"))


def clean(src: Path, dst: Path, *, unjudged_too: bool = True) -> str:
    """Clean one file as an upload of its own; return the reason code, or nothing if written."""
    try:
        plan = plan_for(tokens_of(src))
    except Malformed as problem:
        return problem.code
    lifted = frozenset(COMMON["lifted"]) if unjudged_too else frozenset()
    return deidentify_file(src, dst, plan=plan, accepted=lifted).code


# --- files from element sets ----------------------------------------------------------------


def written(case: Mapping[str, Any]) -> bytes:
    """Return the file of a vector: preamble, meta information, elements, trailing bytes."""
    syntax = case.get("syntax", encoding.EXPLICIT_LE)
    explicit = syntax != encoding.IMPLICIT_LE
    base = COMMON["bases"][case.get("base", "ct")]["input"]
    named = {row[0] for row in case["input"]}
    rows = [row for row in base if row[0] not in named] + list(case["input"])
    pieces = [(int(row[0], 16), _element(row, explicit)) for row in rows]
    if not case.get("as_listed"):
        pieces.sort(key=lambda pair: pair[0])
    meta = encode(0x00020010, "UI", syntax.encode(), True)
    head = encode(0x00020000, "UL", len(meta).to_bytes(4, "little"), True) + meta
    preamble = bytes.fromhex(case.get("preamble", "")).ljust(128, b"\0")
    tail = bytes.fromhex(case.get("trailing", ""))
    return preamble + b"DICM" + head + b"".join(piece for _, piece in pieces) + tail


def _element(row: Sequence[Any], explicit: bool) -> bytes:
    tag, vr, value = int(row[0], 16), row[1], row[2]
    if vr == "SQ":
        items = [b"".join(_element(inner, explicit) for inner in item) for item in value]
        return encode_items(tag, items, explicit)
    return encode(tag, vr, _bytes(value), explicit)


def _bytes(value: Any) -> bytes:
    return bytes.fromhex(value["hex"]) if isinstance(value, Mapping) else str(value).encode()


# --- results as element sets ----------------------------------------------------------------


def read_back(data: bytes) -> dict[str, Any]:
    """Return every element of a cleaned file: `{tag: [vr, value]}`, sequences as lists of sets."""
    header = read_header(data)
    part10 = header.part10
    return dict(_shown(part10.data, header.elements, part10.explicit))


def _shown(
    data: bytes, elements: Sequence[encoding.Element], explicit: bool
) -> Iterator[tuple[str, Any]]:
    for element in elements:
        if element.vr == "SQ":
            spans = encoding.items(data, element, explicit, 1)
            items = [
                dict(_shown(data, encoding.index(data, start, end, explicit, 1), explicit))
                for start, end in spans
            ]
            yield f"{element.tag:08x}", ["SQ", items]
        else:
            raw = bytes(data[element.value : element.value_end])
            yield f"{element.tag:08x}", [element.vr, shown_value(element.vr, raw)]


def shown_value(vr: str, raw: bytes) -> Any:
    """Return text as text without padding, everything else as hexadecimal."""
    if vr in {"OB", "OW", "UN", "US", "SS", "UL", "SL", "FL", "FD", "AT", "OF", "OD", "OL"}:
        return {"hex": raw.hex()}
    return raw.decode("utf-8").strip("\0 ")


def main(arguments: Sequence[str]) -> int:
    """Answer the browser's tests."""
    if arguments[0] == "plan":
        json.dump(site_plan(plan_for(), SiteOption(unjudged="server_holds")), sys.stdout)
        return 0
    if arguments[0] == "planted":
        make_upload(Path(arguments[1]))
        return 0
    source, target = Path(arguments[1]), Path(arguments[2])
    listed = []
    for number, path in enumerate(sorted(p for p in source.rglob("*") if p.is_file())):
        if path.stat().st_size > LARGEST:
            continue
        out = target / f"{number:05d}.dcm"
        try:
            code = clean(path, out)
        except RecursionError:
            code = "too_deep"
        listed.append({"path": str(path), "out": "" if code else str(out), "code": code})
    json.dump(listed, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
