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
                    name="HistoricalQuery",
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
                        ("target_kind", models.CharField(max_length=80, verbose_name="about")),
                        ("target_id", models.CharField(max_length=64)),
                        ("number", models.PositiveIntegerField(verbose_name="number")),
                        (
                            "cause",
                            models.CharField(
                                choices=[
                                    ("missing_images", "Images are missing"),
                                    ("out_of_window", "Scan date out of window"),
                                    ("missing_data", "Clinical imaging data is missing"),
                                    ("parameters", "Acquisition differs from the guideline"),
                                    ("identity", "Subject or identity is in doubt"),
                                    ("quality", "Image quality"),
                                    ("other", "Other"),
                                ],
                                max_length=20,
                                verbose_name="cause",
                            ),
                        ),
                        ("title", models.CharField(max_length=200, verbose_name="question")),
                        ("text", models.TextField(verbose_name="text")),
                        (
                            "blocking",
                            models.BooleanField(default=True, verbose_name="blocks the time point"),
                        ),
                        (
                            "opened_at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="opened"),
                        ),
                        ("due_at", models.DateTimeField(verbose_name="due")),
                        (
                            "due_by",
                            models.CharField(
                                help_text="plan and calendar version",
                                max_length=120,
                                verbose_name="due by",
                            ),
                        ),
                        (
                            "answered_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="answered"),
                        ),
                        (
                            "closed_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="closed"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("open", "Open"),
                                    ("answered", "Answered"),
                                    ("reopened", "Reopened"),
                                    ("closed", "Closed"),
                                    ("cancelled", "Cancelled"),
                                ],
                                default="open",
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
                            "opened_by",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
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
                            "study_site",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="studies.studysite",
                            ),
                        ),
                        (
                            "subject",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="studies.subject",
                            ),
                        ),
                        (
                            "time_point",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="studies.timepoint",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical query",
                        "verbose_name_plural": "historical queries",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="Query",
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
                        ("target_kind", models.CharField(max_length=80, verbose_name="about")),
                        ("target_id", models.CharField(max_length=64)),
                        ("number", models.PositiveIntegerField(verbose_name="number")),
                        (
                            "cause",
                            models.CharField(
                                choices=[
                                    ("missing_images", "Images are missing"),
                                    ("out_of_window", "Scan date out of window"),
                                    ("missing_data", "Clinical imaging data is missing"),
                                    ("parameters", "Acquisition differs from the guideline"),
                                    ("identity", "Subject or identity is in doubt"),
                                    ("quality", "Image quality"),
                                    ("other", "Other"),
                                ],
                                max_length=20,
                                verbose_name="cause",
                            ),
                        ),
                        ("title", models.CharField(max_length=200, verbose_name="question")),
                        ("text", models.TextField(verbose_name="text")),
                        (
                            "blocking",
                            models.BooleanField(default=True, verbose_name="blocks the time point"),
                        ),
                        (
                            "opened_at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="opened"),
                        ),
                        ("due_at", models.DateTimeField(verbose_name="due")),
                        (
                            "due_by",
                            models.CharField(
                                help_text="plan and calendar version",
                                max_length=120,
                                verbose_name="due by",
                            ),
                        ),
                        (
                            "answered_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="answered"),
                        ),
                        (
                            "closed_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="closed"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("open", "Open"),
                                    ("answered", "Answered"),
                                    ("reopened", "Reopened"),
                                    ("closed", "Closed"),
                                    ("cancelled", "Cancelled"),
                                ],
                                default="open",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "opened_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
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
                            "study_site",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="queries",
                                to="studies.studysite",
                            ),
                        ),
                        (
                            "subject",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="queries",
                                to="studies.subject",
                            ),
                        ),
                        (
                            "time_point",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="queries",
                                to="studies.timepoint",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "queries",
                        "ordering": ("due_at",),
                        "indexes": [
                            models.Index(
                                fields=["target_kind", "target_id"], name="query_by_target"
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("study", "number"), name="query_number_once"
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="Message",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("at", models.DateTimeField(default=audit.clock.now)),
                        ("author_name", models.CharField(max_length=200)),
                        ("author_role", models.CharField(max_length=40)),
                        ("zone", models.CharField(default="UTC", max_length=64)),
                        ("text", models.TextField()),
                        (
                            "author",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
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
                            "query",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="messages",
                                to="queries.query",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("id",),
                    },
                ),
                migrations.CreateModel(
                    name="HistoricalRequestedAction",
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
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("confirm", "Confirm or explain"),
                                    ("correct_form", "Correct the transmittal form"),
                                    ("send_images", "Send images"),
                                    ("rescan", "Repeat the scan"),
                                ],
                                max_length=16,
                                verbose_name="action",
                            ),
                        ),
                        ("text", models.CharField(max_length=300, verbose_name="what exactly")),
                        ("finding_code", models.CharField(blank=True, max_length=60)),
                        (
                            "done_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="done"),
                        ),
                        (
                            "outcome",
                            models.CharField(blank=True, max_length=300, verbose_name="outcome"),
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
                            "query",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="queries.query",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical requested action",
                        "verbose_name_plural": "historical requested actions",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="RequestedAction",
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
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("confirm", "Confirm or explain"),
                                    ("correct_form", "Correct the transmittal form"),
                                    ("send_images", "Send images"),
                                    ("rescan", "Repeat the scan"),
                                ],
                                max_length=16,
                                verbose_name="action",
                            ),
                        ),
                        ("text", models.CharField(max_length=300, verbose_name="what exactly")),
                        ("finding_code", models.CharField(blank=True, max_length=60)),
                        (
                            "done_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="done"),
                        ),
                        (
                            "outcome",
                            models.CharField(blank=True, max_length=300, verbose_name="outcome"),
                        ),
                        (
                            "query",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="actions",
                                to="queries.query",
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
                    ],
                    options={
                        "ordering": ("created_at", "id"),
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
            ],
        ),
    ]
