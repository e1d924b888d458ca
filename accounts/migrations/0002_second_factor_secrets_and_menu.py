from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def encrypt_what_is_in_clear(apps: Any, schema_editor: Any) -> None:
    """Encrypt the secrets that earlier versions stored in clear; done twice, it changes nothing."""
    from accounts.secondfactor import is_sealed, seal, with_secrets

    rows = apps.get_model("mfa", "Authenticator").objects.using(schema_editor.connection.alias)
    for row in rows.exclude(type="webauthn"):
        row.data = with_secrets(
            row.data, lambda stored: stored if is_sealed(stored) else seal(stored)
        )
        row.save(update_fields=["data"])


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("mfa", "0003_authenticator_type_uniq"),
    ]

    operations = [
        migrations.CreateModel(
            name="MenuChoice",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="menu_choice",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("groups", models.JSONField(default=dict)),
            ],
        ),
        migrations.RunPython(encrypt_what_is_in_clear, migrations.RunPython.noop),
    ]
