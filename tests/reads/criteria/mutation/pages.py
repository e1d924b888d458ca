"""The two pages in docs from the results: `python -m tests.reads.criteria.mutation.pages FILE`.

The reason of each survivor stands in `reasons.json`: module, function, change, reason. A survivor
without a reason ends the run, so that none can be overlooked.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from tests.reads.criteria.mutation.__main__ import ROOT, generated

REASONS = Path(__file__).with_name("reasons.json")
FIGURES = ROOT / "docs/criteria-mutation.md"
SURVIVORS = ROOT / "docs/criteria-mutation-survivors.md"
Entry = Mapping[str, str]
Keys = Mapping[str, str]

HEAD = """# Mutation testing of the criteria package

Mutants: those of mutmut 3.8 for every function and method of `reads/criteria` (constants of modules
and decorated functions have none). Runner: `tests/reads/criteria/mutation`. It runs no process per
mutant: a function that tests call is changed in place in a fork of a process that has collected all
tests, only the tests that reach the function run, and the first failure ends it; hypothesis draws
three fixed examples. A function that runs while the package is imported gets a fork that imports
the package anew, because in place the change would come too late.

"""
FOOT = """
Each survivor stands in [criteria-mutation-survivors.md](criteria-mutation-survivors.md) with the
reason why it survives. {timed} of the killed ones ended at the limit of time or memory (20 s in
place, 120 s imported anew): loops that never end, or numbers without bound.

## To repeat

    nice -n 10 python -m tests.reads.criteria.mutation --out mutants.jsonl
    python -m tests.reads.criteria.mutation.pages mutants.jsonl

Options of the first: `--module nadir` (several times) for some modules, `--again` to run only what
the file does not have as killed, `--limit 1` for at most a second of tests for each mutant. The
whole of it needs about 45 minutes of processor time. The figures above come from such runs with
`--again`: a killed mutant was not run again when tests were added. The second writes both pages; a
new survivor needs its reason in `tests/reads/criteria/mutation/reasons.json` first.
"""
SURVIVORS_HEAD = """# Survivors of mutation testing of the criteria package

Each line: what was changed (before → after), and why no test fails. Written from the results and
`tests/reads/criteria/mutation/reasons.json`. Figures: criteria-mutation.md.
"""
LIMIT = "the limit of time or memory"


def current(results: Path) -> dict[str, str]:
    """Return the module of every mutant of the package as it is now, by key."""
    found = {}
    for path in sorted((ROOT / "reads/criteria").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        found.update({mutant.key: module for mutant in generated(path, module, results)})
    return found


def figures(keys: Keys, results: Mapping[str, Entry]) -> Iterator[str]:
    """Return the lines of the table; the first row is the whole package."""
    mutants = Counter(keys.values())
    run = Counter(module for key, module in keys.items() if key in results)
    killed = Counter(m for key, m in keys.items() if results.get(key, {}).get("status") == "killed")
    yield "| module | mutants | run | killed | share of all |"
    yield "|---|---|---|---|---|"
    rows = [("**all**", mutants.total(), run.total(), killed.total())]
    rows += [(f"`{short(m)}`", mutants[m], run[m], killed[m]) for m in sorted(mutants)]
    for name, all_of_them, tried, dead in rows:
        share = f"{100 * dead / all_of_them:.1f} %"
        yield f"| {name} | {all_of_them} | {tried} | {dead} | {share} |"


def short(module: str) -> str:
    """Return a module's name within the package."""
    return module.removeprefix("reads.criteria.")


def survivors(found: Sequence[Entry], reasons: Mapping[tuple[str, ...], str]) -> Iterator[str]:
    """Return the lines of the survivors, by module and function."""
    for module, of_module in groupby(found, key=lambda entry: entry["module"]):
        yield f"\n## `{short(module)}`"
        for function, group in groupby(of_module, key=lambda entry: entry["function"]):
            yield f"\n`{function}`\n"
            for entry in group:
                yield f"- `{entry['change']}`: {reasons[place(entry)]}"


def place(entry: Entry) -> tuple[str, ...]:
    """Return what tells a survivor from others."""
    return short(entry["module"]), entry["function"], entry["change"]


def main() -> int:
    """Write both pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    path = parser.parse_args().results
    keys = current(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    results = {entry["key"]: entry for entry in map(json.loads, lines) if entry["key"] in keys}
    alive = [entry for entry in results.values() if entry["status"] != "killed"]
    alive.sort(key=lambda entry: entry["module"])
    order = {key: number for number, key in enumerate(keys)}
    alive.sort(key=lambda entry: order[entry["key"]])
    reasons = {tuple(row[:3]): row[3] for row in json.loads(REASONS.read_text(encoding="utf-8"))}
    bare = [entry for entry in alive if place(entry) not in reasons]
    for entry in bare:
        print(json.dumps([*place(entry), ""], ensure_ascii=False))
    if bare:
        return 1
    timed = sum(entry["by"] == LIMIT for entry in results.values())
    table = "\n".join(figures(keys, results))
    FIGURES.write_text(f"{HEAD}{table}\n{FOOT.format(timed=timed)}", encoding="utf-8")
    listed = "\n".join(survivors(alive, reasons))
    SURVIVORS.write_text(f"{SURVIVORS_HEAD}{listed}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
