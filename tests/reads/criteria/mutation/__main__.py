"""Mutation testing of the criteria package: `python -m tests.reads.criteria.mutation`.

Copies the package and its tests, runs every mutant that mutmut generates for the functions of
the package and writes one JSON line for each. `--module nadir` takes some modules only; with
`--again` mutants that the file has as killed are not run again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from tests.reads.criteria.mutation.mutants import Mutant, mutants_of
from tests.reads.criteria.mutation.running import Verdict, run

ROOT = Path(__file__).resolve().parents[4]
PARTS = (
    "reads/__init__.py",
    "reads/criteria",
    "tests/__init__.py",
    "tests/reads/criteria",
    "docs/criteria.md",
)
SETTINGS = '[tool.mutmut]\nsource_paths = ["reads/criteria"]\n'


def copied(folder: Path) -> None:
    """Copy what mutation testing needs; nothing of it knows Django or a database."""
    for part in PARTS:
        source, goal = ROOT / part, folder / part
        goal.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, goal, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, goal)
    (folder / "pyproject.toml").write_text(SETTINGS)


def main() -> int:
    """Run the mutants and print the table per module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--module", action="append", help="short name of a module")
    parser.add_argument("--again", action="store_true", help="only what was not killed yet")
    parser.add_argument("--limit", type=float, default=0, help="seconds of tests for a mutant")
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "mutants.jsonl")
    parser.add_argument("--here", action="store_true", help="this is the copy")
    chosen = parser.parse_args()
    if chosen.here:
        _run(chosen.module, chosen.out, again=chosen.again, limit=chosen.limit)
        return 0
    with tempfile.TemporaryDirectory() as name:
        copied(Path(name))
        modules = [word for module in chosen.module or () for word in ("--module", module)]
        again = ["--again"] if chosen.again else []
        command = [sys.executable, "-m", "tests.reads.criteria.mutation", "--here"]
        options = ["--out", str(chosen.out.resolve()), "--limit", str(chosen.limit)]
        options += [*modules, *again]
        quick = {**os.environ, "PYTHONPATH": "", "OPENBLAS_NUM_THREADS": "1"}
        return subprocess.run([*command, *options], cwd=name, env=quick, check=False).returncode


def _run(modules: list[str] | None, out: Path, *, again: bool, limit: float) -> None:
    paths = {
        ".".join(path.with_suffix("").parts): path for path in sorted(Path("reads").rglob("*.py"))
    }
    mutants = [
        mutant
        for module, path in paths.items()
        if not modules or module.rpartition(".")[2] in modules
        for mutant in generated(path, module, out)
    ]
    known = {}
    if again and out.exists():
        known = {entry["key"]: entry for entry in map(json.loads, out.read_text().splitlines())}
    kept = {m.key: known[m.key] for m in mutants if known.get(m.key, {}).get("status") == "killed"}
    start = time.monotonic()
    # Written by forks too: each line is flushed before the next fork.
    with out.open("w", buffering=1, encoding="utf-8") as lines:
        for entry in kept.values():
            lines.write(json.dumps(entry, ensure_ascii=False) + "\n")
        lines.flush()

        def take(mutant: Mutant, verdict: Verdict) -> None:
            entry = {
                "key": mutant.key,
                "module": mutant.module,
                "function": mutant.function,
                "change": mutant.change,
                **verdict,
            }
            lines.write(json.dumps(entry, ensure_ascii=False) + "\n")
            lines.flush()

        left = [mutant for mutant in mutants if mutant.key not in kept]
        left.sort(key=lambda mutant: mutant.key in known)
        run(left, paths, take, limit=limit)
    print(f"{len(mutants)} mutants, {len(kept)} not run again, {time.monotonic() - start:.0f} s")
    _table(out)


def generated(path: Path, module: str, out: Path) -> list[Mutant]:
    """Return the mutants of a module; kept beside the results while the module stays as it is."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    store = out.with_suffix(".generated") / f"{module}-{digest}.json"
    if not store.exists():
        store.parent.mkdir(exist_ok=True)
        found = [asdict(mutant) for mutant in mutants_of(path, module)]
        store.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
    return [Mutant(**entry) for entry in json.loads(store.read_text(encoding="utf-8"))]


def _table(out: Path) -> None:
    counts: Counter[tuple[str, str]] = Counter()
    for entry in map(json.loads, out.read_text(encoding="utf-8").splitlines()):
        counts[entry["module"], entry["status"]] += 1
        counts["all", entry["status"]] += 1
    for module in sorted({name for name, _ in counts}):
        killed = counts[module, "killed"]
        total = killed + counts[module, "survived"]
        print(f"| `{module}` | {total} | {killed} | {100 * killed / total:.1f} % |")


if __name__ == "__main__":
    raise SystemExit(main())
