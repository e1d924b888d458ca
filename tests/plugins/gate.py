"""What makes a run fail although no test failed.

* a skip whose reason ``tests/allowed_skips.txt`` does not list;
* browser tests of which none was executed, or none at all with ``--require-browser``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugins import runs

ALLOWED = Path(__file__).resolve().parents[1] / "allowed_skips.txt"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option of the full run."""
    parser.addoption(
        "--require-browser",
        action="store_true",
        help="fail when no browser test was executed",
    )
    parser.addoption(
        "--screens",
        action="store_true",
        help="take the pictures of the main pages; starts the demonstration if none runs",
    )
    parser.addoption(
        "--whole",
        action="store_true",
        help="run what is marked whole as well: half an hour instead of a sample",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests of which the default run takes a sample."""
    if config.getoption("--whole"):
        return
    left_out = [item for item in items if item.get_closest_marker("whole")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("whole")]


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Watch the run where its reports come together: in the controller."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Gate(config), "gate")


class Gate:
    """Collects what was skipped and which browser tests ran."""

    def __init__(self, config: pytest.Config) -> None:
        self.required: bool = config.getoption("--require-browser")
        self.allowed = _allowed_reasons()
        self.refused: list[str] = []
        self.browser_seen = 0
        self.browser_run = 0

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note one phase of one test."""
        if "browser" in report.keywords and report.when in ("setup", "call"):
            self.browser_seen += report.when == "setup"
            self.browser_run += report.when == "call" and not report.skipped
        if report.skipped and not hasattr(report, "wasxfail"):
            self._judge(report.nodeid, report.longrepr)

    @pytest.hookimpl
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a file or folder skipped as a whole."""
        if report.skipped:
            self._judge(report.nodeid, report.longrepr)

    def _judge(self, name: str, longrepr: object) -> None:
        reason = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)
        reason = reason.removeprefix("Skipped: ")
        if reason not in self.allowed:
            self.refused.append(f"{name}: {reason}")

    def problems(self) -> list[str]:
        """Return what is wrong with the run as a whole."""
        found = [f"skip not listed in tests/allowed_skips.txt: {skip}" for skip in self.refused]
        if (self.required or self.browser_seen) and not self.browser_run:
            found.append("no browser test was executed")
        return found

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail the run if something is wrong with it; then leave no server behind."""
        if self.problems() and session.exitstatus in (
            pytest.ExitCode.OK,
            pytest.ExitCode.NO_TESTS_COLLECTED,
        ):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        runs.stop_servers_after_last_run()

    @pytest.hookimpl
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what is wrong."""
        for problem in self.problems():
            terminalreporter.write_line(f"GATE: {problem}", red=True)


def _allowed_reasons() -> set[str]:
    lines = ALLOWED.read_text().splitlines() if ALLOWED.exists() else []
    return {line.strip() for line in lines if line.strip() and not line.startswith("#")}
