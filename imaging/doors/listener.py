"""The DICOM listener: C-STORE from known senders, as untrusted uploads (PS3.4 B, PS3.7 9.1.1).

Who may associate is asked of the database each time: both AE titles and the address must be those
of a sender in force; TLS with client certificates is offered beside it. A data set is never parsed
here: it is sealed as it came, durable before the sender reads "success", and examined later in a
child process. The process limits its own memory and the size of files it writes.
"""

from __future__ import annotations

import logging
import resource
import signal
import ssl
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import close_old_connections
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)
from pynetdicom import AE, AllStoragePresentationContexts, _config, evt
from pynetdicom.events import Event
from pynetdicom.presentation import build_context

from audit.actors import Actor, acting, service
from audit.errors import Conflict, Refused
from audit.models import record
from imaging.doors.peers import in_force, peer_for
from imaging.models import DicomPeer, Door
from imaging.services import doors
from imaging.services.manifest import CHUNK, MAX_FILE_BYTES, TooLarge
from studies.scoping import scope

log = logging.getLogger(__name__)

MEMORY_BYTES = 6 * 1024**3
ASSOCIATIONS = 10
STALE_S = 3600
# One entry in the trail for each refused pair and address in this time.
REFUSAL_S = 60

SUCCESS = 0x0000
NO_ROOM = 0xA700
NOT_UNDERSTOOD = 0xC000
NOT_AUTHORISED = 0x0124

_REJECTED = (0x01, 0x01, 0x03)  # permanent, service user, calling AE title not recognised

SYNTAXES = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    JPEG2000Lossless,
    JPEG2000,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    HTJ2K,
    RLELossless,
)
VERIFICATION = "1.2.840.10008.1.1"


class InsecureListener(RuntimeError):
    """The listener would take images from the network in clear; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Where and how to listen."""

    host: str = "127.0.0.1"
    port: int = 11112
    certificate: str = ""
    key: str = ""
    authority: str = ""
    plain: bool = False

    def context(self) -> ssl.SSLContext | None:
        """Return how connections are protected; ``None`` is in clear.

        Raises:
            InsecureListener: other machines could send in clear and nobody said that a protected
                network carries it.
        """
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.load_cert_chain(self.certificate, self.key or None)
            context.load_verify_locations(self.authority)
            context.verify_mode = ssl.CERT_REQUIRED
            return context
        if not self.plain and not ip_address(self.host).is_loopback:
            raise InsecureListener(
                f"The DICOM listener would take images in clear on {self.host}. Give a "
                "certificate, its key and the authority of the senders (DICOM_TLS_CERT, "
                "DICOM_TLS_KEY, DICOM_TLS_CA), or say that a protected network carries it "
                "(DICOM_PLAIN=yes)."
            )
        return None


class Listener:
    """One listening process."""

    def __init__(self, listening: Listening) -> None:
        self.listening = listening
        self._peers: dict[int, DicomPeer] = {}
        self._refused: dict[tuple[str, str, str], float] = {}
        self._lock = threading.Lock()
        self._folder = Path(settings.DATA_DIR) / "work" / "dicom"

    def start(self) -> Any:
        """Begin to listen and return the server, which ``shutdown`` stops."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        tempfile.tempdir = str(self._folder)
        self._sweep(0)
        # Large objects go to a file of their own instead of memory; nothing is decoded.
        _config.STORE_RECV_CHUNKED_DATASET = True
        entity = AE(ae_title="ICRO")
        entity.maximum_associations = ASSOCIATIONS
        entity.acse_timeout = 15
        entity.dimse_timeout = 60
        entity.network_timeout = 60
        entity.supported_contexts = [
            build_context(VERIFICATION),
            *(build_context(c.abstract_syntax, list(SYNTAXES)) for c in _storage()),
        ]
        return entity.start_server(
            (self.listening.host, self.listening.port),
            block=False,
            ssl_context=self.listening.context(),
            evt_handlers=[
                (evt.EVT_REQUESTED, self._requested),
                (evt.EVT_C_ECHO, self._echo),
                (evt.EVT_C_STORE, self._store),
                (evt.EVT_CONN_CLOSE, self._closed),
            ],
        )

    def _requested(self, event: Event) -> None:
        """Let a known sender in; refuse everybody else alike."""
        assoc = event.assoc
        try:
            request: Any = assoc.requestor.primitive
            calling, called = request.calling_ae_title, request.called_ae_title
            address = str(assoc.requestor.address)
            close_old_connections()
            peer = peer_for(calling=calling, called=called, address=address)
            if peer is None:
                self._tell_refused(calling, called, address)
        except Exception as problem:  # whatever goes wrong, nobody gets in by it
            log.warning("association not judged: %s", type(problem).__name__)
            peer = None
        if peer is None:
            assoc.acse.send_reject(*_REJECTED)
            assoc.kill()
            return
        with self._lock:
            self._peers[id(assoc)] = peer

    def _tell_refused(self, calling: str, called: str, address: str) -> None:
        key, now = (calling, called, address), time.monotonic()
        with self._lock:
            if now - self._refused.get(key, -REFUSAL_S) < REFUSAL_S:
                return
            if len(self._refused) > 1000:  # noqa: PLR2004 - a flood must not fill memory
                self._refused.clear()
            self._refused[key] = now
        log.warning("association refused", extra={"address": address})
        with acting(service("DICOM listener")):
            record(
                "door.refused",
                details={
                    "calling": _printable(calling),
                    "called": _printable(called),
                    "address": address,
                },
            )

    def _echo(self, _: Event) -> int:
        return SUCCESS

    def _store(self, event: Event) -> int:
        """Take one object in; the answer comes after it is durable."""
        with self._lock:
            peer = self._peers.get(id(event.assoc))
        if peer is None:
            return NOT_AUTHORISED
        try:
            close_old_connections()
            return self._taken(peer, event.dataset_path)
        except TooLarge:
            return NO_ROOM
        except Refused:
            return NOT_AUTHORISED
        except OSError as problem:
            log.warning("object not stored: %s", type(problem).__name__)
            return NO_ROOM
        except Exception as problem:  # the next object must find a listener
            log.warning("object not taken: %s", type(problem).__name__)
            return NOT_UNDERSTOOD

    def _taken(self, peer: DicomPeer, path: Path) -> int:
        actor = service("DICOM listener", study_id=peer.study_id)
        fresh = in_force(peer)
        if fresh is None:
            return NOT_AUTHORISED  # ended while the association lasts
        sender = doors.Sender(
            study_site=fresh.study_site,
            door=Door.DICOM,
            source=str(fresh),
            responsible=fresh.responsible,
            peer=fresh,
            quiet_seconds=fresh.quiet_seconds,
        )
        with scope(fresh.study):
            taken = self._into(sender, path, actor)
        return SUCCESS if taken.outcome != "refused" else NO_ROOM

    def _into(self, sender: doors.Sender, path: Path, actor: Actor) -> doors.Taken:
        """Put a file into the open arrival; one that is full or just closed makes way."""
        arrival = doors.open_arrival(sender, actor=actor)
        try:
            return doors.take(arrival, _chunks(path), actor=actor)
        except TooLarge:
            doors.close(arrival, actor=actor)
            raise
        except Conflict:
            arrival = doors.open_arrival(sender, actor=actor)
            return doors.take(arrival, _chunks(path), actor=actor)

    def _closed(self, event: Event) -> None:
        with self._lock:
            self._peers.pop(id(event.assoc), None)
        self._sweep(STALE_S)

    def _sweep(self, older_than: float) -> None:
        """Remove what broken associations left in clear."""
        for path in self._folder.glob("*.dcm"):
            try:
                if time.time() - path.stat().st_mtime >= older_than:
                    path.unlink(missing_ok=True)
            except FileNotFoundError:
                continue


def _storage() -> list[Any]:
    return list(AllStoragePresentationContexts)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)[:16]


def serve(listening: Listening) -> None:
    """Listen until the process is asked to end."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_FILE_BYTES + CHUNK, MAX_FILE_BYTES + CHUNK))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    server = Listener(listening).start()
    log.info("DICOM listener on %s:%s", listening.host, server.server_address[1])
    over.wait()
    server.shutdown()
