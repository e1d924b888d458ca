"""Settings, chosen by ``ICRO_ENV``: demo, dev, test or production (dev when it is not given)."""

from __future__ import annotations

import os

from icro.settings.environment import read_environment

match read_environment(os.environ).name:
    case "test":
        from icro.settings.test import *  # noqa: F403
    case "production":
        from icro.settings.production import *  # noqa: F403
    case _:
        from icro.settings.dev import *  # noqa: F403
