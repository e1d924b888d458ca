"""What a sign dialog on a page sends back."""

from __future__ import annotations

import re
from typing import Any

from tests.world import PASSWORD


def typed_into(page: Any, password: str = PASSWORD) -> dict[str, str]:
    """Return the fields of the first sign dialog of a page, with a password typed into it."""
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', page.content.decode())
    assert digest, "the page has no sign dialog"
    return {"digest": digest[1], "password": password}
