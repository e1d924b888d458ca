"""Stores keep bytes whole, provable, and, where they identify somebody, unreadable."""

from __future__ import annotations

import hashlib
import io
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import RuleBroken
from imaging.storage import ArrivalStore, destroy_submission_key, keys, previews, research
from imaging.storage.arrivals import WrongContent
from imaging.storage.content import ContentDamaged, ContentStore
from imaging.storage.originals import Originals
from imaging.storage.sealing import FRAME, SealBroken, is_named, seal, unseal
from tests.imaging import stores

KEY = b"k" * 32
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, B.1


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """An S3 server and the folder in which it keeps buckets."""
    root = tmp_path_factory.mktemp("buckets")
    with stores.bucket_server(root) as address:
        yield address, root


@pytest.fixture(autouse=True, params=stores.KINDS)
def place(
    request: pytest.FixtureRequest, settings: Any, tmp_path: Path, server: tuple[str, Path]
) -> stores.Stores:
    """Own stores for each test, in folders and in buckets: every test runs over both."""
    made = stores.folders(tmp_path) if request.param == "folder" else stores.buckets(*server)
    settings.KEYS_DIR = tmp_path / "keys"
    settings.DATA_DIR = tmp_path
    settings.STORAGES = {**settings.STORAGES, **made.settings}
    return made


def _store() -> ContentStore:
    return ContentStore("research")


@given(st.lists(st.binary(max_size=300_000), max_size=8))
def test_what_was_sealed_comes_back_whatever_the_chunks(parts: list[bytes]) -> None:
    sealed = b"".join(seal(parts, KEY))
    assert b"".join(unseal(io.BytesIO(sealed), KEY)) == b"".join(parts)


@pytest.mark.parametrize("size", [0, 1, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME])
def test_content_at_the_edge_of_a_frame_comes_back(size: int) -> None:
    content = b"x" * size
    sealed = b"".join(seal([content], KEY))
    assert b"".join(unseal(io.BytesIO(sealed), KEY)) == content


def test_a_cut_changed_or_swapped_seal_is_noticed() -> None:
    sealed = b"".join(seal([b"a" * FRAME + b"b" * FRAME + b"c"], KEY))
    first, second = sealed[14 : 14 + FRAME + 16], sealed[14 + FRAME + 16 : 14 + 2 * (FRAME + 16)]
    cut = sealed[: 14 + 2 * (FRAME + 16)]
    swapped = sealed[:14] + second + first + sealed[14 + 2 * (FRAME + 16) :]
    changed = sealed[:100] + bytes([sealed[100] ^ 1]) + sealed[101:]
    for broken in (cut, swapped, changed):
        with pytest.raises(SealBroken):
            list(unseal(io.BytesIO(broken), KEY))
    with pytest.raises(SealBroken):
        list(unseal(io.BytesIO(sealed), b"q" * 32))


def test_a_seal_that_is_bound_to_a_hash_opens_under_no_other_name() -> None:
    name, other = hashlib.sha256(b"abc").digest(), hashlib.sha256(b"abd").digest()
    sealed = b"".join(seal([b"abc"], KEY, name=name))
    assert is_named(io.BytesIO(sealed))
    assert b"".join(unseal(io.BytesIO(sealed), KEY, name=name)) == b"abc"
    unnamed = b"".join(seal([b"abc"], KEY))
    for stream, asked in ((sealed, other), (sealed, b""), (unnamed, name)):
        with pytest.raises(SealBroken):
            list(unseal(io.BytesIO(stream), KEY, name=asked))
    with pytest.raises(SealBroken):  # the mark alone makes no seal a bound one
        list(unseal(io.BytesIO(sealed[:6] + unnamed[6:]), KEY, name=name))


def test_content_is_found_under_its_hash_and_proved_when_read() -> None:
    store = _store()
    assert store.put_bytes(b"abc") == ABC
    assert store.exists(ABC)
    assert store.read(ABC) == b"abc"
    assert store.is_whole(ABC)


def test_a_flipped_byte_in_the_store_is_noticed(place: stores.Stores) -> None:
    store = _store()
    store.put_bytes(b"abc")
    place.file_of("research", f"ba/78/{ABC}").write_bytes(b"abd")
    assert not store.is_whole(ABC)
    with pytest.raises(ContentDamaged):
        store.read(ABC)


def test_staged_content_is_not_in_the_store_until_it_is_committed() -> None:
    store = _store()
    staged = store.stage([b"a", b"bc"], place="job")
    assert staged.sha256 == ABC
    assert not store.exists(ABC)
    store.commit([staged])
    assert store.exists(ABC)
    assert not staged.path.exists()


def test_a_name_from_outside_never_becomes_a_path() -> None:
    store = _store()
    for name in ("../../etc/passwd", "A" * 64, ABC + "0", ""):
        with pytest.raises(ValueError, match="SHA-256"):
            store.open(name)
    with pytest.raises(ValueError, match="workspace"):
        store.workspace("../out")


def test_originals_lie_as_ciphertext_only(place: stores.Stores) -> None:
    arrivals = ArrivalStore(uuid.uuid4())
    content = b"HALLORAN^MAEVE" * 1000
    digest = hashlib.sha256(content).hexdigest()
    arrivals.commit([arrivals.stage([content], sha256=digest, size=len(content))])
    assert b"".join(arrivals.chunks(digest)) == content
    stored = [p.read_bytes() for p in place.files("arrivals")]
    assert len(stored) == 1
    assert b"HALLORAN" not in stored[0]


def test_an_original_under_the_name_of_another_is_damaged(place: stores.Stores) -> None:
    arrivals = ArrivalStore(uuid.uuid4())
    one, two = arrivals.put(b"abc"), arrivals.put(b"xyz")
    folder = f"{arrivals.submission_id.hex}"
    place.file_of("arrivals", f"{folder}/{two}").write_bytes(
        place.file_of("arrivals", f"{folder}/{one}").read_bytes()
    )
    assert arrivals.read(one) == b"abc"
    with pytest.raises(ContentDamaged):
        arrivals.read(two)


@pytest.mark.parametrize("size", [0, 1, FRAME - 1, FRAME, FRAME + 1])
def test_an_original_is_read_whole_whatever_its_size(size: int, place: stores.Stores) -> None:
    arrivals, content = ArrivalStore(uuid.uuid4()), bytes(range(256)) * (size // 256 + 1)
    sha256 = arrivals.put(content[:size])
    assert arrivals.read(sha256) == content[:size]
    stored = place.file_of("arrivals", f"{arrivals.submission_id.hex}/{sha256}")
    *kept, last = stored.read_bytes()
    stored.write_bytes(bytes([*kept, last ^ 1]))
    with pytest.raises(ContentDamaged):
        arrivals.read(sha256)


@pytest.mark.parametrize("content", [b"abc", b"other bytes than the name says"])
def test_an_original_of_which_nobody_told_the_hash_is_proved_by_reading(content: bytes) -> None:
    """So lie originals that were sealed before names were bound."""
    arrivals = ArrivalStore(uuid.uuid4())
    staged = arrivals.take([content], most=100)
    arrivals.commit([replace(staged, sha256=ABC, name=arrivals.store.name_of(ABC))])
    if content == b"abc":
        assert arrivals.read(ABC) == content
    else:
        with pytest.raises(ContentDamaged):
            arrivals.read(ABC)


def test_an_original_is_written_out_once_where_a_file_is_needed(tmp_path: Path) -> None:
    arrivals = ArrivalStore(uuid.uuid4())
    originals, place = Originals(arrivals), tmp_path / "000001"
    sha256 = arrivals.put(b"abc")
    assert originals.read(sha256, place, 3) == b"abc"
    assert not place.exists()
    assert originals.file(sha256, place).read_bytes() == b"abc"
    arrivals.remove(sha256)
    assert originals.read(sha256, place, 3) == b"abc"
    with pytest.raises(FileNotFoundError):
        originals.file(sha256, tmp_path / "000002")
    assert [path.name for path in tmp_path.glob("0*")] == ["000001"]


def test_a_large_original_is_read_from_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imaging.storage.originals.IN_MEMORY", 2)
    arrivals = ArrivalStore(uuid.uuid4())
    place = tmp_path / "000001"
    assert Originals(arrivals).read(arrivals.put(b"abc"), place, 3) == b"abc"
    assert place.read_bytes() == b"abc"


def test_bytes_that_differ_from_the_announcement_are_refused_and_leave_nothing(
    place: stores.Stores,
) -> None:
    arrivals = ArrivalStore(uuid.uuid4())
    for chunks, size in (([b"abd"], 3), ([b"ab"], 3), ([b"abcd"], 3)):
        with pytest.raises(WrongContent):
            arrivals.stage(chunks, sha256=ABC, size=size)
    assert place.files("arrivals") == []
    assert [p for p in arrivals.store.workspace("single").iterdir() if p.is_file()] == []


def test_destroying_the_key_destroys_the_originals() -> None:
    submission = uuid.uuid4()
    arrivals = ArrivalStore(submission)
    arrivals.commit([arrivals.stage([b"abc"], sha256=ABC, size=3)])
    assert destroy_submission_key(submission)
    assert not destroy_submission_key(submission)
    with pytest.raises(RuleBroken, match="destroyed"):
        list(arrivals.chunks(ABC))


def test_a_study_keeps_one_key_and_studies_have_different_ones() -> None:
    first, second = uuid.uuid4(), uuid.uuid4()
    assert keys.study_key(first) == keys.study_key(first)
    assert keys.study_key(first) != keys.study_key(second)
    assert len(keys.study_key(first)) == 32


def test_the_research_store_and_the_previews_lie_apart() -> None:
    assert research().name_of(ABC) == f"ba/78/{ABC}"
    assert previews().name_of(ABC) == f"previews/ba/78/{ABC}"


def test_a_part_is_read_without_the_rest() -> None:
    store = _store()
    digest = store.put_bytes(bytes(range(256)) * 16)
    assert store.part(digest, 250, 10) == bytes([250, 251, 252, 253, 254, 255, 0, 1, 2, 3])
    assert store.part(digest, 4090, 6) == bytes([250, 251, 252, 253, 254, 255])
    assert store.part(digest, 0, 0) == b""
    assert b"".join(store.parts(digest, 1, 4095)) == (bytes(range(256)) * 16)[1:]


def test_a_part_beyond_the_end_is_damage_and_one_of_nothing_is_missing() -> None:
    store = _store()
    digest = store.put_bytes(b"abc")
    for at, length in ((1, 3), (5, 1)):
        with pytest.raises(ContentDamaged):
            store.part(digest, at, length)
    with pytest.raises(FileNotFoundError):
        store.part("0" * 64, 0, 1)
    with pytest.raises(FileNotFoundError):
        store.open("0" * 64).read()


def test_every_stored_object_is_listed_with_when_it_was_stored() -> None:
    store, other = _store(), previews()
    digests = {store.put_bytes(bytes([n])) for n in range(5)}
    beside = other.put_bytes(b"a picture")
    listed = dict(store.names())
    assert set(listed) == digests
    assert dict(other.names()).keys() == {beside}
    recent = datetime.now(UTC) - timedelta(minutes=5)
    assert all(stored_at > recent for stored_at in listed.values())


def test_many_objects_are_made_durable_together() -> None:
    store = _store()
    staged = [store.stage([bytes([n]) * 100], place="job") for n in range(40)]
    store.commit(staged)
    assert all(store.is_whole(one.sha256) for one in staged)
    assert [path for path in store.workspace("job").iterdir() if path.is_file()] == []


def test_content_that_is_there_already_stays_as_it_is() -> None:
    store = _store()
    first = store.put_bytes(b"abc")
    assert store.put_bytes(b"abc") == first
    assert len(dict(store.names())) == 1
    assert store.size(first) == 3


def test_content_can_be_had_as_a_file() -> None:
    store = _store()
    path = store.path_of(store.put_bytes(b"abc"), place="work")
    assert path.read_bytes() == b"abc"
