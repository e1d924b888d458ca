"""Orthanc beside ours: started on an empty store, and given images by its HTTP doors."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.dicomweb_parts.client import Client, wait_for

PORT = 18142
PLUGINS = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"
OK = 200
TOGETHER = 10
_BOUNDARY = "images"


@contextmanager
def running(work: Path) -> Iterator[str]:
    """Run Orthanc on an empty store, durably, and yield its address."""
    store = work / "orthanc"
    shutil.rmtree(store, ignore_errors=True)
    store.mkdir(parents=True)
    settings = {
        "Name": "bench",
        "StorageDirectory": str(store),
        "IndexDirectory": str(store),
        "HttpPort": PORT,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomServerEnabled": False,
        "Plugins": [PLUGINS],
        "SyncStorageArea": True,
        "KeepAlive": True,
        "TcpNoDelay": True,
        "HttpThreadsCount": 50,
        "SaveJobs": False,
        "OverwriteInstances": True,
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "EnableWado": True},
    }
    (work / "orthanc.json").write_text(json.dumps(settings))
    with (work / "orthanc.log").open("w") as log:
        process = subprocess.Popen(
            ["Orthanc", str(work / "orthanc.json")], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        wait_for(f"http://127.0.0.1:{PORT}/system", process)
        yield f"http://127.0.0.1:{PORT}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def by_rest(address: str, files: list[Path]) -> tuple[float, float]:
    """Send every file by one client, one a request; return seconds and files a second."""
    asked = Client(address, {})
    began = time.perf_counter()
    for path in files:
        status, _ = asked.ask("POST", "/instances", path.read_bytes(), Expect="")
        _check(status, path)
    return _rate(began, files)


def by_stow(address: str, files: list[Path]) -> tuple[float, float]:
    """Send files by one client through STOW-RS, ten a request (PS3.18 10.5)."""
    asked = Client(f"{address}/dicom-web", {})
    kind = f'multipart/related; type="application/dicom"; boundary={_BOUNDARY}'
    head = f"--{_BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    headers = {"Content-Type": kind, "Accept": "application/dicom+json"}
    began = time.perf_counter()
    for at in range(0, len(files), TOGETHER):
        parts = [part for path in files[at : at + TOGETHER]
                 for part in (head, path.read_bytes(), b"\r\n")]  # fmt: skip
        body = b"".join([*parts, f"--{_BOUNDARY}--\r\n".encode()])
        status, _ = asked.ask("POST", "/studies", body, **headers)
        _check(status, files[at])
    return _rate(began, files)


def _check(status: int, path: Path) -> None:
    if status != OK:
        raise SystemExit(f"Orthanc refused {path.name}: {status}")


def _rate(began: float, files: list[Path]) -> tuple[float, float]:
    seconds = time.perf_counter() - began
    return seconds, len(files) / seconds
