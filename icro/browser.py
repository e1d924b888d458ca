"""A browser for the tests: found, or installed by whichever way works here.

usage: ``python -m icro.browser``
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

SYSTEM_NAMES = ("chromium", "chromium-browser", "google-chrome")


def system_browser() -> str | None:
    """Return the program of an installed browser, if there is one."""
    return next(filter(None, map(shutil.which, SYSTEM_NAMES)), None)


def own_browser() -> str | None:
    """Return the program that Playwright installed, if it did and it runs here."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() and _runs(path) else None


def _runs(program: str) -> bool:
    probe = subprocess.run([program, "--version"], capture_output=True, check=False)
    return probe.returncode == 0


def _succeeds(*command: str) -> bool:
    print(" ".join(command), flush=True)
    return subprocess.run(command, check=False).returncode == 0


def install() -> bool:
    """Try the system's package manager (as root), then Playwright's installer."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        os.environ["DEBIAN_FRONTEND"] = "noninteractive"
        words = ("apt-get", "install", "--yes", "--no-install-recommends", "chromium")
        if _succeeds("apt-get", "update", "--quiet") and _succeeds(*words) and system_browser():
            return True
    playwright = (sys.executable, "-m", "playwright", "install")
    with_libraries = ("--with-deps",) if os.geteuid() == 0 else ()
    return _succeeds(*playwright, *with_libraries, "chromium") and own_browser() is not None


def main() -> int:
    """Make sure that there is a browser; return the exit status."""
    if system_browser() or own_browser():
        return 0
    print("Installing a browser for the tests")
    if install():
        return 0
    print(
        "No browser could be installed. Install Chromium by hand and run the tests again.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
