"""Listen for images on the DICOM network."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from imaging.doors.listener import InsecureListener, Listening, serve


class Command(BaseCommand):
    """Run the DICOM listener until it is asked to end."""

    help = "Take images from the AE titles that studies registered (C-STORE)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name where to listen; the default is this machine alone."""
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, default=11112, help="port to listen on")
        parser.add_argument("--tls-cert", default="", help="certificate of the listener (PEM)")
        parser.add_argument("--tls-key", default="", help="its key (PEM)")
        parser.add_argument("--tls-ca", default="", help="authority of the senders (PEM)")
        parser.add_argument(
            "--plain", action="store_true", help="a protected network carries what is in clear"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Listen."""
        listening = Listening(
            host=options["host"],
            port=options["port"],
            certificate=options["tls_cert"],
            key=options["tls_key"],
            authority=options["tls_ca"],
            plain=options["plain"],
        )
        try:
            serve(listening)
        except InsecureListener as error:
            raise CommandError(str(error)) from error
