"""The two kinds of stores that an installation may use: a folder, and an S3 bucket.

The bucket is served by a small S3-compatible server in a process of its own, on a free port.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILES = "django.core.files.storage.FileSystemStorage"
BUCKETS = "storages.backends.s3.S3Storage"
ALIASES = ("arrivals", "research", "deliveries")
KINDS = ("folder", "bucket")


@dataclass(frozen=True)
class Stores:
    """Stores of one kind, and where their bytes lie on the test's disk."""

    kind: str
    folder: Path
    settings: dict[str, Any]

    def file_of(self, alias: str, name: str) -> Path:
        """Return the file behind an object, to damage it."""
        return self.folder / alias / name

    def files(self, alias: str) -> list[Path]:
        """Return the files behind all objects of a store."""
        found = [p for p in (self.folder / alias).rglob("*") if p.is_file()]
        return [p for p in found if ".incoming" not in p.parts]

    def age(self, path: Path, hours: float) -> None:
        """Let an object look as if it had been stored some hours ago."""
        then = time.time() - 3600 * hours
        os.utime(path, (then, then))


class BucketStores(Stores):
    """Stores in buckets: the server keeps each bucket as a folder of its name."""

    def file_of(self, alias: str, name: str) -> Path:
        return self.folder.with_name(f"{self.folder.name}-{alias}") / name

    def files(self, alias: str) -> list[Path]:
        root = self.folder.with_name(f"{self.folder.name}-{alias}")
        return [p for p in root.rglob("*") if p.is_file()]


def folders(root: Path) -> Stores:
    """Return stores in folders."""
    made = {a: {"BACKEND": FILES, "OPTIONS": {"location": root / a}} for a in ALIASES}
    return Stores("folder", root, made)


@contextmanager
def bucket_server(root: Path) -> Iterator[str]:
    """Serve a folder as S3 and yield the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    root.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "localbucket", "--port", str(port), str(root)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("the S3 server did not start") from None
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=10)


def buckets(address: str, root: Path) -> Stores:
    """Return stores in new buckets of a server."""
    import boto3
    from botocore.config import Config

    credentials = {"access_key": "test", "secret_key": "test"}
    client = boto3.client(
        "s3",
        endpoint_url=address,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )
    prefix = f"t{uuid.uuid4().hex[:12]}"
    made = {}
    for alias in ALIASES:
        client.create_bucket(Bucket=f"{prefix}-{alias}")
        made[alias] = {
            "BACKEND": BUCKETS,
            "OPTIONS": {
                "bucket_name": f"{prefix}-{alias}",
                "endpoint_url": address,
                "region_name": "us-east-1",
                "addressing_style": "path",
                "file_overwrite": False,
                **credentials,
            },
        }
    return BucketStores("bucket", root / prefix, made)
