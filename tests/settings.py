"""Django's settings inside pytest.

Whatever the shell says about databases and folders is put aside: a test run uses servers, a
database and folders of its own, so that several runs on one machine do not meet.

Pytest connects as the cluster's superuser and takes the application's role on with every
connection. So tests meet the refusals that the application meets, and the suite can still
create its database as the owner and empty guarded tables between tests.
"""

from __future__ import annotations

import os

from tests.plugins import runs

RUN = runs.claim()
os.environ.update(RUN.process_environment())
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright runs an event loop in our thread

from icro.devstack import SUPERUSER  # noqa: E402
from icro.settings import *  # noqa: E402, F403
from icro.settings.base import DATABASES  # noqa: E402

PASSWORD_HASHERS = ["tests.plugins.hashing.QuickArgon2"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

for _alias, _role in {"default": "icro_app", "owner": "icro_owner"}.items():
    DATABASES[_alias]["USER"] = SUPERUSER
    DATABASES[_alias]["CONN_MAX_AGE"] = 0
    DATABASES[_alias]["OPTIONS"]["options"] = f"-c role={_role}"
