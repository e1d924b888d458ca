"""The manifest of a cut and its archive; both are the same bytes whenever they are made."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

from exports.models import DataCut
from exports.snapshot import FrozenStudy

_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Made:
    """One generated file."""

    name: str
    content: bytes
    row_count: int = 0

    @property
    def sha256(self) -> str:
        """Digest of the content, hex."""
        return hashlib.sha256(self.content).hexdigest()


def manifest(cut: DataCut, study: FrozenStudy, files: Sequence[Made]) -> Made:
    """Return ``manifest.json``: every file with size, rows and SHA-256, and what was cut."""
    body = {
        "study": study.code,
        "protocol": study.protocol,
        "cut": cut.number,
        "title": cut.title,
        "cut_off": cut.cut_off.isoformat(),
        "frozen_at": cut.frozen_at.strftime("%Y-%m-%dT%H:%M:%SZ") if cut.frozen_at else None,
        "records": cut.item_count,
        "specification": {
            "title": str(cut.specification),
            "sha256": cut.specification.digest,
        },
        "open_items": [
            {name: item[name] for name in ("kind", "label", "why")} for item in cut.open_items
        ],
        "open_items_reason": cut.open_items_reason,
        "audit_chain_head": cut.chain_head,
        "files": [
            {
                "name": made.name,
                "bytes": len(made.content),
                "rows": made.row_count,
                "sha256": made.sha256,
            }
            for made in sorted(files, key=lambda f: f.name)
        ],
    }
    text = json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    return Made("manifest.json", text.encode("utf-8"))


def checksums(files: Sequence[Made]) -> Made:
    """Return ``SHA256SUMS``, which ``sha256sum --check`` reads."""
    lines = [f"{made.sha256}  {made.name}\n" for made in sorted(files, key=lambda f: f.name)]
    return Made("SHA256SUMS", "".join(lines).encode())


def archive(name: str, files: Sequence[Made]) -> Made:
    """Return a ZIP of all files with fixed times, order and attributes.

    Stored, not deflated: the bytes of DEFLATE depend on the library of the machine.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:
        for made in sorted(files, key=lambda f: f.name):
            info = zipfile.ZipInfo(made.name, date_time=_EPOCH)
            info.external_attr = 0o644 << 16
            info.create_system = 3
            packed.writestr(info, made.content)
    return Made(name, out.getvalue())
