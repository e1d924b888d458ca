"""A query: what is asked, and what was said."""

from __future__ import annotations

from ui.records import Ask, Message
from ui.samples.times import ZONE, at

ASKS = (
    Ask(
        text=(
            "Send slices 88 to 98 of “Abdomen, portal venous”, or say that they cannot be "
            "recovered."
        ),
        note="Closes by itself when the 11 slices arrive and pass the checks.",
    ),
    Ask(
        text="Confirm that no other series is cut.",
        is_met=True,
        note="Done by I. Carballo, 04 Mar 2026",
    ),
)
THREAD = (
    Message(
        who="Priya Anand",
        icon="circle-plus",
        text="opened the query from finding F-2 of submission T-30518",
        when=at(25, 14, 44, 2),
        zone=ZONE,
    ),
    Message(
        who="Priya Anand",
        role="Image operations",
        text=(
            "Thank you for the fast upload. 11 slices over the liver dome are not in the folder "
            "(see picture). The rest of the scan is good, so please send only these slices."
        ),
        when=at(25, 14, 44, 2),
        zone=ZONE,
    ),
    Message(
        who="Inés Carballo",
        role="Site ES-305",
        text="No other series is cut. The abdomen must come from the long-term archive.",
        when=at(4, 11, 6),
        zone=ZONE,
    ),
    Message(
        who="The system",
        icon="arrow-up-right",
        text="escalated to the principal investigator, no slices after 10 business days",
        when=at(12, 7, 0),
        zone=ZONE,
    ),
)
