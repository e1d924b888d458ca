"""The results as a table, printed and written between two marks of a document."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.dicomweb_parts.client import MEASURES

BEGIN = "<!-- measured: begin -->"
END = "<!-- measured: end -->"


@dataclass
class Results:
    """Latencies (s) by measure, side and number of clients."""

    machine: str
    instances: int
    studies: int
    streamed: int = 0
    latencies: dict[tuple[str, str, int], list[float]] = field(default_factory=dict)
    rates: dict[tuple[str, str, int], list[float]] = field(default_factory=dict)
    parts: dict[str, dict[str, float]] = field(default_factory=dict)

    def add(
        self, name: str, side: str, clients: int, latencies: list[float], *, rate: float
    ) -> None:
        """Keep one run of one measure."""
        self.latencies.setdefault((name, side, clients), []).extend(latencies)
        self.rates.setdefault((name, side, clients), []).append(rate)

    def document(self) -> dict[str, Any]:
        """Return everything as JSON."""
        return {
            "machine": self.machine,
            "instances": self.instances,
            "studies": self.studies,
            "parts_s": self.parts,
            "measures": [
                {
                    "name": name,
                    "side": side,
                    "clients": clients,
                    "count": len(values),
                    "p50_ms": round(_at(values, 0.5) * 1e3, 3),
                    "p95_ms": round(_at(values, 0.95) * 1e3, 3),
                    "per_s": round(_at(self.rates[name, side, clients], 0.5), 1),
                }
                for (name, side, clients), values in self.latencies.items()
            ],
        }

    def text(self) -> str:
        """Return the tables as Markdown."""
        lines = [
            self._conditions(),
            "",
            *self._receipt(),
            "",
            "| question | clients | Orthanc p50 / p95, ms | ours p50 / p95, ms | Orthanc ÷ ours |",
            "|---|--:|--:|--:|--:|",
            *self._questions(),
        ]
        return "\n".join(lines)

    def _conditions(self) -> str:
        return (
            f"Machine: {self.machine}. {self.instances:,} CT slices of 512 × 512; ours holds "
            f"{self.studies:,} studies in the search by date, Orthanc 306. One run, both servers "
            "and the client on the machine; medians over all rounds, and of three turns of receipt."
        )

    def _receipt(self) -> list[str]:
        lines = [
            "| receipt over HTTP, one client | s | images a second | of Orthanc |",
            "|---|--:|--:|--:|",
        ]
        names = {
            "orthanc": "Orthanc: stored (REST, one image a request)",
            "orthanc_stow": "Orthanc: stored (STOW-RS, ten images a request)",
            "ours_at_once": "ours, a program signs at once: all of the way into QC",
            "ours_streamed": f"ours, a program sends {self.streamed:,} images of four subjects "
            "without a pause: all of the way into QC",
            "ours": "ours, a person signs: the wait for upload and signature until it is in QC",
        }
        for side, title in names.items():
            seconds = self.latencies.get(("receipt", side, 1))
            if seconds:
                rate = _at(self.rates["receipt", side, 1], 0.5)
                peer = _at(self.rates["receipt", "orthanc", 1], 0.5)
                turns = f" ({min(seconds):.1f}–{max(seconds):.1f})" if len(seconds) > 1 else ""
                median = f"{_at(seconds, 0.5):.1f}{turns}"
                lines.append(f"| {title} | {median} | {rate:.0f} | {rate / peer:.2f} |")
            parts = self.parts.get(side, {})
            lines += [f"| … {name} | {value:.1f} | | |" for name, value in parts.items()]
        return lines

    def _questions(self) -> list[str]:
        lines = []
        for measure in MEASURES:
            for clients in measure.clients:
                theirs = self.latencies.get((measure.name, "orthanc", clients))
                own = self.latencies.get((measure.name, "ours", clients))
                if not theirs or not own:
                    continue
                ratio = _at(theirs, 0.5) / _at(own, 0.5)
                lines.append(
                    f"| {measure.title} | {clients} | {_both(theirs)} | {_both(own)} "
                    f"| {ratio:.1f} |"
                )
        return lines


def _at(values: list[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def _both(values: list[float]) -> str:
    return f"{_at(values, 0.5) * 1e3:,.1f} / {_at(values, 0.95) * 1e3:,.1f}"


def write_into(path: Path, results: Results) -> None:
    """Write the tables between the marks of a document."""
    text = path.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    path.write_text(f"{before}{BEGIN}\n{results.text()}\n{END}{after}", encoding="utf-8")
