"""The one place that names the commands of the platform's processes.

``make demo``, the tests and ``docker-compose.yml`` start these very commands.
usage: ``python -m icro.processes web|worker|beat|dicom|migrate|static`` becomes the process.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

GRACE_S = 30
# Set by whoever wants its processes to end when it is killed itself.
DIE_WITH_PARENT = "ICRO_DIE_WITH_PARENT"
PR_SET_PDEATHSIG = 1


def web(*, port: int | None = None) -> list[str]:
    """Serve pages and the interface; threads, because uploads are read while they arrive."""
    host = os.environ.get("HOST", "127.0.0.1")
    bind = f"{host}:{port or os.environ.get('PORT', '8000')}"
    return [
        *_python("gunicorn", "icro.wsgi:application"),
        f"--bind={bind}",
        "--worker-class=icro.web_worker.Worker",
        f"--workers={os.environ.get('WEB_WORKERS', '2')}",
        f"--threads={os.environ.get('WEB_THREADS', '8')}",
        "--timeout=120",
        f"--graceful-timeout={GRACE_S}",
        "--keep-alive=30",
        "--logger-class=icro.gunicorn_log.Logger",
        # No control socket: nothing but signals steers the server.
        "--no-control-socket",
    ]


def worker(*, name: str = "worker", concurrency: int | None = None) -> list[str]:
    """Do background work."""
    count = concurrency or int(os.environ.get("WORKER_PROCESSES", "2"))
    return [
        *_python("celery", "--app=icro", "--quiet", "worker"),
        f"--hostname={name}@%h",
        f"--concurrency={count}",
        "--loglevel=INFO",
        "--without-mingle",
        "--without-gossip",
        "--max-tasks-per-child=200",
    ]


def beat() -> list[str]:
    """Wake the reconciler and the sealer; exactly one of these runs."""
    return [*_python("celery", "--app=icro", "--quiet", "beat"), "--loglevel=INFO", "--pidfile="]


def dicom(*, port: int | None = None) -> list[str]:
    """Listen on the DICOM network; to this machine alone unless the environment says otherwise."""
    given = os.environ.get
    flags = {
        "--host": given("DICOM_HOST", "127.0.0.1"),
        "--port": str(port or given("DICOM_PORT", "11112")),
        "--tls-cert": given("DICOM_TLS_CERT", ""),
        "--tls-key": given("DICOM_TLS_KEY", ""),
        "--tls-ca": given("DICOM_TLS_CA", ""),
    }
    words = [word for name, value in flags.items() if value for word in (name, value)]
    if given("DICOM_PLAIN", "").lower() in ("1", "true", "yes", "on"):
        words.append("--plain")
    return manage("store_scp", *words)


def migrate() -> list[str]:
    """Bring the database to this version, as its owner."""
    return manage("migrate", "--database=owner", "--no-input")


def static() -> list[str]:
    """Gather what the browser loads."""
    return manage("collectstatic", "--no-input", "--verbosity=0")


def manage(*words: str) -> list[str]:
    """Return a command of ``manage.py``."""
    return [sys.executable, str(Path(__file__).parents[1] / "manage.py"), *words]


COMMANDS: dict[str, Callable[[], list[str]]] = {
    "web": web,
    "worker": worker,
    "beat": beat,
    "dicom": dicom,
    "migrate": migrate,
    "static": static,
}


def _python(module: str, *words: str) -> list[str]:
    return [sys.executable, "-m", module, *words]


def main(arguments: Sequence[str]) -> NoReturn:
    """Become the named process."""
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        print(f"usage: python -m icro.processes {'|'.join(COMMANDS)}", file=sys.stderr)
        raise SystemExit(2)
    if os.environ.pop(DIE_WITH_PARENT, ""):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    command = COMMANDS[arguments[0]]()
    os.execv(command[0], command)  # noqa: S606 - there is no shell, and that is the point


if __name__ == "__main__":
    main(sys.argv[1:])
