"""Machine doors: one receipt service for REST, STOW-RS, C-STORE and the courier's disk.

A door hands over bytes and says which site sent them. They are sealed and durable before the
sender is told so. When nothing more comes, the arrival is closed and sorted by person and
examination (``imaging.doors.sorting``); what fits a waiting visit becomes the draft of its
submission, everything else waits in the inbox. No machine signs: a person of the site completes
the form and signs (21 CFR 11.50, 11.200).
"""

from imaging.services.doors.arrivals import (
    QUIET_SECONDS,
    Sender,
    close,
    close_now,
    open_arrival,
    quiet_seconds,
)
from imaging.services.doors.senders import (
    add_peer,
    end_peer,
    senders_of,
)
from imaging.services.doors.taking import (
    ReceivedObject,
    Taken,
    receive,
    receive_objects,
    refuse,
    take,
)
from imaging.services.doors.unassigned import (
    assign,
    inbox,
    set_aside,
    take_up,
)

__all__ = [
    "QUIET_SECONDS",
    "ReceivedObject",
    "Sender",
    "Taken",
    "add_peer",
    "assign",
    "close",
    "close_now",
    "end_peer",
    "inbox",
    "open_arrival",
    "quiet_seconds",
    "receive",
    "receive_objects",
    "refuse",
    "senders_of",
    "set_aside",
    "take",
    "take_up",
]
