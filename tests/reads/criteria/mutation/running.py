"""Run the tests of the criteria package against its mutants, without a process start for each.

A mutant of a function that runs in tests is put in place in a fork of a process that has
collected all tests; only the tests that reach the function run, the quickest first, until one
fails. A mutant of a function that runs while the package is imported gets a fork of a process
that has not imported the package yet, and the whole of the tests, because its effect is spread
over the module.
"""

from __future__ import annotations
import __future__

import gc
import importlib
import importlib.abc
import importlib.util
import itertools
import json
import os
import pkgutil
import resource
import signal
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import hypothesis
import pytest
from _pytest.runner import runtestprotocol

from tests.reads.criteria.mutation.mutants import Mutant

PACKAGE = "reads.criteria"
TESTS = "tests/reads/criteria"
PAGE = Path("docs/criteria.md")
# Other processes, the clock, or other packages: such tests see no mutant, or fail without one.
LEFT_OUT = (
    "test_the_command_line_needs_no_settings_and_no_database",
    "test_five_hundred_time_points_take_less_than_a_second",
    "test_snomed_codes_are_those_of_the_dicom_standard",
)
EXAMPLES, BATCH = 3, 30
SOUND = {"status": "sound"}
DIED = {"status": "killed", "by": "the limit of time or memory"}
SECONDS, MOST_MEMORY = 20, 6 << 30
ARGUMENTS = (
    *("-q", "-x", "-s", "--no-header", "--no-summary", "--import-mode=importlib", "--tb=no"),
    *("-c", os.devnull, "--rootdir=.", "-p", "no:cacheprovider"),
)

Verdict = Mapping[str, str]
Take = Callable[[Mutant, Verdict], None]


def names_run_by(call: Callable[[], object]) -> set[str]:
    """Return the functions of the package that run during a call, as `module:function`."""
    codes: set[CodeType] = set()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            codes.add(frame.f_code)

    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(None)
    return {name for code in codes if (name := _name_of(code))}


def _name_of(code: CodeType) -> str:
    place = Path(code.co_filename)
    parts = place.with_suffix("").parts
    if "criteria" not in parts or "tests" in parts or "reads" not in parts:
        return ""
    start = len(parts) - 1 - parts[::-1].index("reads")
    module = ".".join(part for part in parts[start:] if part != "__init__")
    return f"{module}:{code.co_qualname.split('.<locals>')[0]}"


def import_all() -> None:
    """Import every module of the package."""
    package = importlib.import_module(PACKAGE)
    for found in pkgutil.walk_packages(package.__path__, f"{PACKAGE}."):
        importlib.import_module(found.name)


def forked(work: Callable[[], Iterable[Verdict]], *, seconds: float = SECONDS) -> list[Verdict]:
    """Do work in a fork and return what it found until it ended or died."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _quieten(seconds)
        try:
            for answer in work():
                os.write(writing, f"{json.dumps(answer)}\n".encode())
        except BaseException as error:
            answer = {"status": "killed", "by": type(error).__name__}
            os.write(writing, f"{json.dumps(answer)}\n".encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        lines = pipe.read().splitlines()
    os.waitpid(child, 0)
    return [json.loads(line) for line in lines]


def _quieten(seconds: float) -> None:
    gc.disable()
    _limit(seconds)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)


def _limit(seconds: float) -> None:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)


class Few:
    """Plugin: few examples, always the same ones, nothing stored; unsuitable tests left out."""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the suitable tests and give them few examples."""
        items[:] = [item for item in items if item.name not in LEFT_OUT]
        for item in items:
            function = getattr(item, "obj", None)
            given = getattr(function, "_hypothesis_internal_use_settings", None)
            if given is not None:
                function._hypothesis_internal_use_settings = hypothesis.settings(  # type: ignore[union-attr]
                    given,
                    max_examples=EXAMPLES,
                    derandomize=True,
                    database=None,
                    deadline=None,
                    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
                    suppress_health_check=list(hypothesis.HealthCheck),
                )


# --- functions that tests call ----------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """A test that reaches a function: how many it reaches in all, and its processor time."""

    name: str
    item: pytest.Item
    functions: int
    seconds: float


class Session(Few):
    """Plugin that runs mutants instead of the tests that it has collected."""

    def __init__(self, mutants: Iterable[Mutant], take: Take, limit: float) -> None:
        self.mutants = mutants
        self.take = take
        self.limit = limit
        self.failed = False
        self.kills: Counter[tuple[str, str]] = Counter()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run every test once to learn what it reaches; then the mutants."""
        reached: dict[str, list[Known]] = {}
        for item in session.items:
            clear_caches("")
            start = time.process_time()
            names = names_run_by(lambda item=item: self._pass(item))
            spent = time.process_time() - start
            known = Known(item.nodeid.partition("::")[2], item, len(names), spent)
            for name in names:
                reached.setdefault(name, []).append(known)
        if self.failed:
            raise SystemExit("a test fails without any mutant")
        gc.collect()
        gc.freeze()
        for (module, function), group in itertools.groupby(self.mutants, by_function):
            known = reached.get(f"{module}:{function}", [])
            for batch in batches(list(group)):
                self._run_batch(batch, known)
        return True

    def _run_batch(self, batch: Sequence[Mutant], known: Sequence[Known]) -> None:
        """Run mutants of one function in one fork; what it left undone in forks of their own."""
        found = forked(lambda: in_one_fork(batch, known, self.kills, self.limit))
        if len(found) == len(batch) + 1 and found[-1] == SOUND:
            for mutant, verdict in zip(batch, found, strict=False):
                self._note(mutant, verdict)
            return
        for mutant in batch:
            alone = forked(lambda: in_one_fork([mutant], known, self.kills, self.limit))  # noqa: B023
            self._note(mutant, alone[0] if alone else DIED)

    def _note(self, mutant: Mutant, verdict: Verdict) -> None:
        if verdict["status"] == "killed":
            self.kills[mutant.module, verdict["by"]] += 1
        self.take(mutant, verdict)

    def _pass(self, item: pytest.Item) -> None:
        for report in runtestprotocol(item, nextitem=None, log=False):
            if report.failed:
                self.failed = True
                print(f"fails without a mutant: {item.nodeid}\n{report.longreprtext}")


def by_function(mutant: Mutant) -> tuple[str, str]:
    """Return what mutants of one function have in common."""
    return mutant.module, mutant.function


def batches(mutants: Sequence[Mutant]) -> Iterator[Sequence[Mutant]]:
    """Return mutants in groups for one fork each."""
    for start in range(0, len(mutants), BATCH):
        yield mutants[start : start + BATCH]


def in_one_fork(
    mutants: Sequence[Mutant],
    known: Sequence[Known],
    kills: Counter[tuple[str, str]],
    limit: float,
) -> Iterator[Verdict]:
    """Run mutants of one function one after the other, each in place of the original.

    Afterwards the tests that killed run once more without a mutant: if one fails then, a mutant
    has left something behind and the whole batch counts for nothing.
    """
    own: Counter[str] = Counter()
    killers: dict[str, pytest.Item] = {}

    def rank(test: Known) -> tuple[int, int, int, float]:
        killed = kills[mutants[0].module, test.name]
        return (-own[test.name], -killed, test.functions, test.seconds)

    for mutant in mutants:
        _limit(SECONDS)
        back = put_in_place(mutant)
        clear_caches(mutant.module)
        ordered = sorted(known, key=rank)
        spent = itertools.accumulate(test.seconds for test in ordered)
        chosen = [t for t, total in zip(ordered, spent, strict=True) if not limit or total <= limit]
        killer = next((test for test in chosen if fails(test.item)), None)
        back()
        if killer is None:
            yield {"status": "survived", "by": f"{len(chosen)} of {len(known)} tests"}
        else:
            own[killer.name] += 1
            killers[killer.name] = killer.item
            yield {"status": "killed", "by": killer.name}
    clear_caches(mutants[0].module)
    yield SOUND if not any(fails(item) for item in killers.values()) else {"status": "unsound"}


def fails(item: pytest.Item) -> bool:
    """Run a test and return whether it fails."""
    return any(report.failed for report in runtestprotocol(item, nextitem=None, log=False))


def put_in_place(mutant: Mutant) -> Callable[[], None]:
    """Give the function the code and the default values of the mutant; return the way back."""
    module = sys.modules[mutant.module]
    owner, _, name = mutant.function.rpartition(".")
    source = mutant.source
    if owner:
        source = f"class Changed:\n{textwrap.indent(source, '    ')}"
    scope: dict[str, Any] = {}
    flag = __future__.annotations.compiler_flag
    exec(compile(source, module.__file__ or "", "exec", flag), module.__dict__, scope)
    changed = _plain(vars(scope["Changed"])[name] if owner else scope[name])
    kept = _plain(vars(getattr(module, owner))[name] if owner else getattr(module, name))
    before = (kept.__code__, kept.__defaults__, kept.__kwdefaults__)

    def give(code: CodeType, defaults: Any, named: Any) -> None:
        kept.__code__, kept.__defaults__, kept.__kwdefaults__ = code, defaults, named

    give(changed.__code__, changed.__defaults__, changed.__kwdefaults__)
    return lambda: give(*before)


def _plain(found: Any) -> FunctionType:
    function = getattr(found, "__func__", found)
    assert isinstance(function, FunctionType), found
    return function


def clear_caches(mutated: str) -> None:
    """Forget what functions have kept; the registry only where it is mutated, for its cost."""
    for name in (f"{PACKAGE}.locations", f"{PACKAGE}.registry"):
        if name.endswith("locations") or mutated == name:
            for found in list(vars(sys.modules[name]).values()):
                clear = getattr(found, "cache_clear", None)
                if clear is not None:
                    clear()


# --- functions that the import calls ----------------------------------------------------------


class Changed(importlib.abc.MetaPathFinder):
    """Finder that loads one module with a mutant in its text."""

    def __init__(self, module: str, path: str, text: str) -> None:
        self.module, self.path, self.text = module, path, text

    def find_spec(
        self, name: str, path: object = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find the changed module."""
        if name != self.module:
            return None
        return importlib.util.spec_from_loader(name, _Loader(name, self.path, self.text))


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, text: str) -> None:
        super().__init__(name, path)
        self.text = text

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.text, self.path, "exec")


def imported_anew(mutant: Mutant, path: Path, files: Sequence[str]) -> Iterator[Verdict]:
    """Import the package with a mutant and run all tests until one fails."""
    text = with_function(path.read_text(), mutant)
    sys.meta_path.insert(0, Changed(mutant.module, str(path), text))
    import_all()
    reference = sys.modules[f"{PACKAGE}.reference"].reference
    if reference() != PAGE.read_text(encoding="utf-8"):
        yield {"status": "killed", "by": "test_the_page_in_docs_is_the_generated_one"}
        return
    for chosen in files:
        if pytest.main([*ARGUMENTS, chosen], plugins=[Few()]):
            yield {"status": "killed", "by": Path(chosen).stem}
            return
    yield {"status": "survived", "by": "all tests"}


def with_function(text: str, mutant: Mutant) -> str:
    """Return the text of a module with one function changed: the last definition counts.

    The function is replaced where it stands, because the rest of the module uses it while it is
    imported.
    """
    import ast

    tree = ast.parse(text)
    body: list[ast.stmt] = tree.body
    owner, _, name = mutant.function.rpartition(".")
    if owner:
        body = next(n for n in body if isinstance(n, ast.ClassDef) and n.name == owner).body
    node = next(n for n in body if isinstance(n, ast.FunctionDef) and n.name == name)
    lines = text.splitlines(keepends=True)
    start = min([node.lineno, *(d.lineno for d in node.decorator_list)]) - 1
    source = textwrap.indent(mutant.source, "    ") if owner else mutant.source
    return "".join([*lines[:start], source.rstrip("\n") + "\n", *lines[node.end_lineno :]])


def test_files(mutant: Mutant, kills: Counter[tuple[str, str]]) -> list[str]:
    """Return the test files: those that killed mutants of the function, then the small ones."""
    files = sorted(Path(TESTS).glob("test_*.py"), key=lambda path: path.stat().st_size)
    return [str(path) for path in sorted(files, key=lambda p: -kills[mutant.function, p.stem])]


# --- both -------------------------------------------------------------------------------------


def run(
    mutants: Sequence[Mutant], paths: Mapping[str, Path], take: Take, *, limit: float = 0
) -> None:
    """Run all mutants and hand each verdict to `take`.

    Works in the current directory, which must be a copy that nobody changes meanwhile. `limit`:
    seconds of tests for each mutant put in place, 0 for all tests that reach it.
    """
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    pytest.main([*ARGUMENTS, "--version"])
    at_import = {answer["name"] for answer in forked(_import_names)}
    early = [m for m in mutants if f"{m.module}:{m.function}" in at_import]
    late = [m for m in mutants if f"{m.module}:{m.function}" not in at_import]
    print(f"{len(late)} mutants in place, {len(early)} by importing anew", flush=True)
    child = os.fork() if late else -1
    if child == 0:
        session = Session(late, take, limit)
        code = pytest.main([*ARGUMENTS, TESTS], plugins=[session])
        sys.stdout.flush()
        os._exit(1 if session.failed else int(code))
    status = os.waitpid(child, 0)[1] if late else 0
    if status:
        raise SystemExit(f"the tests of the package fail without any mutant ({status})")
    kills: Counter[tuple[str, str]] = Counter()
    for mutant in early:
        files = test_files(mutant, kills)
        path = paths[mutant.module]
        found = forked(lambda: imported_anew(mutant, path, files), seconds=6 * SECONDS)  # noqa: B023
        verdict = found[0] if found else DIED
        kills[mutant.function, verdict["by"]] += 1
        take(mutant, verdict)


def _import_names() -> Iterator[Verdict]:
    for name in names_run_by(import_all):
        yield {"name": name}
