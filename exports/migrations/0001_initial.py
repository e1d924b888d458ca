import uuid

import django.db.models.deletion
import django.db.models.manager
import simple_history.models
from django.conf import settings
from django.db import migrations, models

import audit.clock
import audit.states
import audit.together


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("studies", "0001_squashed_0002_phantom_plans"),
    ]

    operations = [
        audit.together.CreateModels(
            operations=[
                migrations.CreateModel(
                    name="DataCut",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid.uuid4,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(default=audit.clock.now, editable=False),
                        ),
                        ("number", models.PositiveIntegerField(verbose_name="number")),
                        ("title", models.CharField(max_length=120, verbose_name="title")),
                        ("cut_off", models.DateField(verbose_name="cut-off date")),
                        ("planned_for", models.DateField(verbose_name="planned for")),
                        (
                            "open_items",
                            models.JSONField(
                                blank=True, default=list, verbose_name="open items at the freeze"
                            ),
                        ),
                        (
                            "open_items_reason",
                            models.TextField(blank=True, verbose_name="why frozen with open items"),
                        ),
                        (
                            "frozen_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="frozen"),
                        ),
                        (
                            "item_count",
                            models.PositiveIntegerField(default=0, verbose_name="records"),
                        ),
                        (
                            "manifest_digest",
                            models.CharField(
                                blank=True, max_length=64, verbose_name="SHA-256 of the manifest"
                            ),
                        ),
                        (
                            "chain_head",
                            models.CharField(
                                blank=True, max_length=64, verbose_name="head of the audit chain"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("planned", "Planned"),
                                    ("cleaning", "Cleaning"),
                                    ("frozen", "Frozen"),
                                    ("generated", "Generated"),
                                    ("released", "Released"),
                                    ("acknowledged", "Acknowledged"),
                                    ("superseded", "Superseded"),
                                ],
                                default="planned",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "specification",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="studies.configuration",
                            ),
                        ),
                        (
                            "study",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="studies.study",
                            ),
                        ),
                        (
                            "superseded_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="supersedes",
                                to="exports.datacut",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("-number",),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("study", "number"), name="cut_number_once"
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="CutItem",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("record_kind", models.CharField(max_length=80)),
                        ("record_id", models.CharField(max_length=64)),
                        ("history_id", models.BigIntegerField()),
                        (
                            "study",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="studies.study",
                            ),
                        ),
                        (
                            "cut",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="items",
                                to="exports.datacut",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("record_kind", "record_id"),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("cut", "record_kind", "record_id"), name="cutitem_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CutFile",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("name", models.CharField(max_length=120)),
                        ("sha256", models.CharField(max_length=64)),
                        ("size", models.BigIntegerField()),
                        ("row_count", models.PositiveIntegerField(default=0)),
                        (
                            "study",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="studies.study",
                            ),
                        ),
                        (
                            "cut",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="files",
                                to="exports.datacut",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("name",),
                        "constraints": [
                            models.UniqueConstraint(fields=("cut", "name"), name="cutfile_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="HistoricalDataCut",
                    fields=[
                        (
                            "history_actor",
                            models.CharField(
                                default="",
                                editable=False,
                                max_length=200,
                                verbose_name="printed name",
                            ),
                        ),
                        (
                            "history_login",
                            models.CharField(
                                default="", editable=False, max_length=254, verbose_name="login"
                            ),
                        ),
                        (
                            "history_role",
                            models.CharField(
                                default="", editable=False, max_length=40, verbose_name="role"
                            ),
                        ),
                        (
                            "history_organisation",
                            models.CharField(default="", editable=False, max_length=200),
                        ),
                        (
                            "history_zone",
                            models.CharField(
                                default="UTC",
                                editable=False,
                                max_length=64,
                                verbose_name="time zone",
                            ),
                        ),
                        (
                            "history_shifted",
                            models.BooleanField(
                                default=False, editable=False, verbose_name="clock was shifted"
                            ),
                        ),
                        ("id", models.UUIDField(db_index=True, default=uuid.uuid4, editable=False)),
                        (
                            "created_at",
                            models.DateTimeField(default=audit.clock.now, editable=False),
                        ),
                        ("history_change_reason", models.TextField(null=True)),
                        ("number", models.PositiveIntegerField(verbose_name="number")),
                        ("title", models.CharField(max_length=120, verbose_name="title")),
                        ("cut_off", models.DateField(verbose_name="cut-off date")),
                        ("planned_for", models.DateField(verbose_name="planned for")),
                        (
                            "open_items",
                            models.JSONField(
                                blank=True, default=list, verbose_name="open items at the freeze"
                            ),
                        ),
                        (
                            "open_items_reason",
                            models.TextField(blank=True, verbose_name="why frozen with open items"),
                        ),
                        (
                            "frozen_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="frozen"),
                        ),
                        (
                            "item_count",
                            models.PositiveIntegerField(default=0, verbose_name="records"),
                        ),
                        (
                            "manifest_digest",
                            models.CharField(
                                blank=True, max_length=64, verbose_name="SHA-256 of the manifest"
                            ),
                        ),
                        (
                            "chain_head",
                            models.CharField(
                                blank=True, max_length=64, verbose_name="head of the audit chain"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("planned", "Planned"),
                                    ("cleaning", "Cleaning"),
                                    ("frozen", "Frozen"),
                                    ("generated", "Generated"),
                                    ("released", "Released"),
                                    ("acknowledged", "Acknowledged"),
                                    ("superseded", "Superseded"),
                                ],
                                default="planned",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        ("history_id", models.AutoField(primary_key=True, serialize=False)),
                        ("history_date", models.DateTimeField(db_index=True)),
                        (
                            "history_type",
                            models.CharField(
                                choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")],
                                max_length=1,
                            ),
                        ),
                        (
                            "history_user",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "specification",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="studies.configuration",
                            ),
                        ),
                        (
                            "study",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="studies.study",
                            ),
                        ),
                        (
                            "superseded_by",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="exports.datacut",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical data cut",
                        "verbose_name_plural": "historical data cuts",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
            ],
        ),
    ]
