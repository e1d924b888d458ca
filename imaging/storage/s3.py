"""What a content store needs of an S3-compatible storage beyond Django's interface.

Byte ranges, because a frame is a small part of an object, and one listing with dates.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any


def is_s3(storage: Any) -> bool:
    """Tell whether a storage is an S3 bucket; the client library is not imported for this."""
    return hasattr(storage, "bucket_name")


def s3_part(storage: Any, name: str, at: int, length: int) -> bytes:
    """Return bytes of an object by one ranged request (RFC 9110 14.2).

    Raises:
        FileNotFoundError: there is no such object.
    """
    from botocore.exceptions import ClientError

    key = storage._normalize_name(name)
    try:
        answer = storage.bucket.Object(key).get(Range=f"bytes={at}-{at + length - 1}")
    except ClientError as error:
        code = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if code == 404:  # noqa: PLR2004
            raise FileNotFoundError(name) from None
        if code == 416:  # noqa: PLR2004 - the object ends before
            return b""
        raise
    return bytes(answer["Body"].read())


def s3_listing(storage: Any, prefix: str) -> Iterator[tuple[str, datetime]]:
    """Return the names of all objects below a prefix, with when each was stored."""
    base = storage._normalize_name("x").removesuffix("x")
    for found in storage.bucket.objects.filter(Prefix=f"{base}{prefix}"):
        yield found.key.removeprefix(base), found.last_modified
