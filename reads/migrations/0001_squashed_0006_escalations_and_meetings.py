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
    replaces = [
        ("reads", "0001_initial"),
        ("reads", "0002_readers_and_onboarding"),
        ("reads", "0003_variability_imports_questions_preliminary"),
        ("reads", "0004_readers_training_care"),
        ("reads", "0005_sessions_release_and_oversight"),
        ("reads", "0006_escalations_and_meetings"),
    ]

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("imaging", "0001_squashed_0007_archive_index"),
        ("queries", "0001_initial"),
        ("studies", "0001_squashed_0002_phantom_plans"),
    ]

    operations = [
        audit.together.CreateModels(
            operations=[
                migrations.CreateModel(
                    name="Annotation",
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
                            "sop_instance_uid",
                            models.CharField(max_length=64, verbose_name="SOP Instance UID"),
                        ),
                        ("frame", models.PositiveIntegerField(default=1, verbose_name="frame")),
                        ("coordinates", models.JSONField(verbose_name="patient coordinates, mm")),
                        (
                            "copied_from",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="copies",
                                to="reads.annotation",
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
                            "measurement",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="annotations",
                                to="reads.measurement",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="HistoricalReaderQualification",
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
                        ("criterion", models.CharField(max_length=40, verbose_name="criterion")),
                        ("granted_on", models.DateField(verbose_name="granted on")),
                        (
                            "valid_until",
                            models.DateField(blank=True, null=True, verbose_name="valid until"),
                        ),
                        (
                            "revoked_reason",
                            models.CharField(
                                blank=True, max_length=200, verbose_name="why revoked"
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
                            "design",
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
                            "history_user",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "reader",
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
                    ],
                    options={
                        "verbose_name": "historical reader qualification",
                        "verbose_name_plural": "historical reader qualifications",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalReaderStream",
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
                            "role",
                            models.CharField(
                                choices=[
                                    ("reader_1", "Reader 1"),
                                    ("reader_2", "Reader 2"),
                                    ("adjudicator", "Adjudicator"),
                                    ("oncologist", "Oncologist"),
                                    ("oncologist_2", "Oncologist 2"),
                                ],
                                max_length=12,
                                verbose_name="role",
                            ),
                        ),
                        (
                            "purpose",
                            models.CharField(
                                choices=[
                                    ("efficacy", "Efficacy"),
                                    ("oncology", "Oncology"),
                                    ("eligibility", "Eligibility"),
                                    ("variability", "Variability"),
                                    ("training", "Training"),
                                ],
                                default="efficacy",
                                max_length=12,
                                verbose_name="purpose",
                            ),
                        ),
                        (
                            "label",
                            models.CharField(max_length=12, verbose_name="label for this reader"),
                        ),
                        (
                            "order_index",
                            models.PositiveIntegerField(verbose_name="place in the reader's order"),
                        ),
                        (
                            "order_seed",
                            models.CharField(max_length=64, verbose_name="seed of the order"),
                        ),
                        (
                            "closed_reason",
                            models.CharField(blank=True, max_length=200, verbose_name="why closed"),
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
                            "reader",
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
                    ],
                    options={
                        "verbose_name": "historical reader stream",
                        "verbose_name_plural": "historical reader streams",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="Lesion",
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
                        ("label", models.CharField(max_length=8, verbose_name="label")),
                        (
                            "category",
                            models.CharField(
                                choices=[
                                    ("target", "Target"),
                                    ("non_target", "Non-target"),
                                    ("new", "New"),
                                ],
                                max_length=12,
                                verbose_name="category",
                            ),
                        ),
                        ("location", models.CharField(max_length=60, verbose_name="location")),
                        (
                            "laterality",
                            models.CharField(blank=True, max_length=12, verbose_name="laterality"),
                        ),
                        ("is_nodal", models.BooleanField(default=False, verbose_name="lymph node")),
                        (
                            "withdrawn_reason",
                            models.CharField(
                                blank=True, max_length=200, verbose_name="why withdrawn"
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
                            "stream",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="lesions",
                                to="reads.readerstream",
                            ),
                        ),
                        (
                            "first_session",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="first_lesions",
                                to="reads.readsession",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("category", "label"),
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("withdrawn_reason", "")),
                                fields=("stream", "label"),
                                name="lesion_label_once",
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="Measurement",
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
                        ("kind", models.CharField(max_length=24, verbose_name="kind")),
                        ("entered", models.CharField(max_length=24, verbose_name="as entered")),
                        (
                            "entered_unit",
                            models.CharField(max_length=12, verbose_name="unit entered"),
                        ),
                        (
                            "value",
                            models.DecimalField(
                                decimal_places=4, max_digits=12, verbose_name="value"
                            ),
                        ),
                        ("unit", models.CharField(max_length=12, verbose_name="unit")),
                        (
                            "study",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="studies.study",
                            ),
                        ),
                        (
                            "observation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="measurements",
                                to="reads.observation",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("observation", "kind"), name="measurement_once"
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="HistoricalAnnotation",
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
                            "sop_instance_uid",
                            models.CharField(max_length=64, verbose_name="SOP Instance UID"),
                        ),
                        ("frame", models.PositiveIntegerField(default=1, verbose_name="frame")),
                        ("coordinates", models.JSONField(verbose_name="patient coordinates, mm")),
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
                            "copied_from",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.annotation",
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
                            "measurement",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.measurement",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical annotation",
                        "verbose_name_plural": "historical annotations",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="Observation",
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
                        ("status", models.CharField(max_length=32, verbose_name="status")),
                        (
                            "reason",
                            models.CharField(blank=True, max_length=200, verbose_name="reason"),
                        ),
                        (
                            "lesion",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="observations",
                                to="reads.lesion",
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
                            "session",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="observations",
                                to="reads.readsession",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("session", "lesion"), name="observation_once"
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="HistoricalMeasurement",
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
                        ("kind", models.CharField(max_length=24, verbose_name="kind")),
                        ("entered", models.CharField(max_length=24, verbose_name="as entered")),
                        (
                            "entered_unit",
                            models.CharField(max_length=12, verbose_name="unit entered"),
                        ),
                        (
                            "value",
                            models.DecimalField(
                                decimal_places=4, max_digits=12, verbose_name="value"
                            ),
                        ),
                        ("unit", models.CharField(max_length=12, verbose_name="unit")),
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
                            "observation",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.observation",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical measurement",
                        "verbose_name_plural": "historical measurements",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="ReaderQualification",
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
                        ("criterion", models.CharField(max_length=40, verbose_name="criterion")),
                        ("granted_on", models.DateField(verbose_name="granted on")),
                        (
                            "valid_until",
                            models.DateField(blank=True, null=True, verbose_name="valid until"),
                        ),
                        (
                            "revoked_reason",
                            models.CharField(
                                blank=True, max_length=200, verbose_name="why revoked"
                            ),
                        ),
                        (
                            "design",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="studies.configuration",
                            ),
                        ),
                        (
                            "reader",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="qualifications",
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
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("revoked_reason", "")),
                                fields=("study", "reader", "criterion", "design"),
                                name="qualification_once",
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="ReaderStream",
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
                            "role",
                            models.CharField(
                                choices=[
                                    ("reader_1", "Reader 1"),
                                    ("reader_2", "Reader 2"),
                                    ("adjudicator", "Adjudicator"),
                                    ("oncologist", "Oncologist"),
                                    ("oncologist_2", "Oncologist 2"),
                                ],
                                max_length=12,
                                verbose_name="role",
                            ),
                        ),
                        (
                            "purpose",
                            models.CharField(
                                choices=[
                                    ("efficacy", "Efficacy"),
                                    ("oncology", "Oncology"),
                                    ("eligibility", "Eligibility"),
                                    ("variability", "Variability"),
                                    ("training", "Training"),
                                ],
                                default="efficacy",
                                max_length=12,
                                verbose_name="purpose",
                            ),
                        ),
                        (
                            "label",
                            models.CharField(max_length=12, verbose_name="label for this reader"),
                        ),
                        (
                            "order_index",
                            models.PositiveIntegerField(verbose_name="place in the reader's order"),
                        ),
                        (
                            "order_seed",
                            models.CharField(max_length=64, verbose_name="seed of the order"),
                        ),
                        (
                            "closed_reason",
                            models.CharField(blank=True, max_length=200, verbose_name="why closed"),
                        ),
                        (
                            "reader",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="streams",
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
                            "subject",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="streams",
                                to="studies.subject",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("study", "reader", "label"), name="stream_label_once"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(
                                    ("closed_reason", ""),
                                    models.Q(("purpose", "training"), _negated=True),
                                ),
                                fields=("study", "subject", "role", "purpose"),
                                name="stream_role_once",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(
                                    ("closed_reason", ""), ("purpose__in", ["efficacy", "oncology"])
                                ),
                                fields=("study", "subject", "reader"),
                                name="stream_reader_one_role",
                            ),
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="HistoricalReadTask",
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
                                    ("time_point", "Time point"),
                                    ("global", "Global review"),
                                    ("eligibility", "Eligibility"),
                                    ("oncology", "Oncology review"),
                                ],
                                default="time_point",
                                max_length=12,
                                verbose_name="kind",
                            ),
                        ),
                        (
                            "dossier_version",
                            models.PositiveIntegerField(
                                blank=True, null=True, verbose_name="dossier version"
                            ),
                        ),
                        (
                            "criteria",
                            models.JSONField(
                                default=dict, verbose_name="criteria and engine versions"
                            ),
                        ),
                        (
                            "sequence",
                            models.PositiveSmallIntegerField(
                                verbose_name="place in the subject's order"
                            ),
                        ),
                        ("due_at", models.DateTimeField(verbose_name="due")),
                        ("due_by", models.CharField(max_length=120)),
                        (
                            "decline_reason",
                            models.CharField(
                                blank=True, max_length=200, verbose_name="why declined"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("planned", "Planned"),
                                    ("assigned", "Assigned"),
                                    ("accepted", "Accepted"),
                                    ("in_progress", "In progress"),
                                    ("signed", "Signed"),
                                    ("on_hold", "On hold"),
                                    ("declined", "Declined"),
                                    ("reassigned", "Reassigned"),
                                    ("cancelled", "Cancelled"),
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
                            "blinding",
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
                            "design",
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
                            "form",
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
                            "history_user",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "package",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="imaging.readpackage",
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
                        (
                            "stream",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.readerstream",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical read task",
                        "verbose_name_plural": "historical read tasks",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="ReadSession",
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
                            "version",
                            models.PositiveSmallIntegerField(default=1, verbose_name="version"),
                        ),
                        (
                            "opened_at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="opened"),
                        ),
                        (
                            "signed_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="signed"),
                        ),
                        (
                            "seconds_active",
                            models.PositiveIntegerField(default=0, verbose_name="active time, s"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("open", "Open"),
                                    ("signed", "Signed"),
                                    ("final", "Final"),
                                    ("voided", "Voided"),
                                ],
                                default="open",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "form_record",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="read_session",
                                to="studies.formrecord",
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
                            "task",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="sessions",
                                to="reads.readtask",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("task", "version"), name="session_version_once"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state", "voided"), _negated=True),
                                fields=("task",),
                                name="session_one_active",
                            ),
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="HistoricalObservation",
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
                        ("status", models.CharField(max_length=32, verbose_name="status")),
                        (
                            "reason",
                            models.CharField(blank=True, max_length=200, verbose_name="reason"),
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
                            "lesion",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.lesion",
                            ),
                        ),
                        (
                            "session",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.readsession",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical observation",
                        "verbose_name_plural": "historical observations",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalLesion",
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
                        ("label", models.CharField(max_length=8, verbose_name="label")),
                        (
                            "category",
                            models.CharField(
                                choices=[
                                    ("target", "Target"),
                                    ("non_target", "Non-target"),
                                    ("new", "New"),
                                ],
                                max_length=12,
                                verbose_name="category",
                            ),
                        ),
                        ("location", models.CharField(max_length=60, verbose_name="location")),
                        (
                            "laterality",
                            models.CharField(blank=True, max_length=12, verbose_name="laterality"),
                        ),
                        ("is_nodal", models.BooleanField(default=False, verbose_name="lymph node")),
                        (
                            "withdrawn_reason",
                            models.CharField(
                                blank=True, max_length=200, verbose_name="why withdrawn"
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
                            "stream",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.readerstream",
                            ),
                        ),
                        (
                            "first_session",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.readsession",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical lesion",
                        "verbose_name_plural": "historical lesions",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalCriterionAssessment",
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
                        ("criterion", models.CharField(max_length=40, verbose_name="criterion")),
                        (
                            "engine_version",
                            models.CharField(max_length=20, verbose_name="engine version"),
                        ),
                        (
                            "input_digest",
                            models.CharField(max_length=64, verbose_name="SHA-256 of the input"),
                        ),
                        ("derived", models.JSONField(verbose_name="derived")),
                        ("entered", models.JSONField(default=dict, verbose_name="entered")),
                        ("trace", models.JSONField(default=list, verbose_name="why")),
                        (
                            "override_class",
                            models.CharField(blank=True, max_length=40, verbose_name="override"),
                        ),
                        (
                            "override_reason",
                            models.TextField(blank=True, verbose_name="reason for the override"),
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
                            "session",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.readsession",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical criterion assessment",
                        "verbose_name_plural": "historical criterion assessments",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalAdjudicationCase",
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
                        ("first_is_a", models.BooleanField()),
                        ("variables", models.JSONField(verbose_name="variables that differ")),
                        ("label", models.CharField(max_length=12, verbose_name="case label")),
                        ("due_at", models.DateTimeField(verbose_name="due")),
                        ("due_by", models.CharField(max_length=120)),
                        (
                            "choice",
                            models.CharField(
                                blank=True,
                                choices=[("A", "Read A"), ("B", "Read B")],
                                max_length=1,
                                verbose_name="choice",
                            ),
                        ),
                        ("reason", models.TextField(blank=True, verbose_name="reason")),
                        (
                            "decided_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="decided"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("pending", "Pending"),
                                    ("claimed", "Claimed"),
                                    ("signed", "Signed"),
                                    ("voided", "Voided"),
                                ],
                                default="pending",
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
                            "adjudicator",
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
                            "design",
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
                        (
                            "session_1",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.readsession",
                            ),
                        ),
                        (
                            "session_2",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.readsession",
                            ),
                        ),
                        (
                            "level",
                            models.CharField(
                                choices=[
                                    ("time_point", "Time point"),
                                    ("subject", "Subject"),
                                    ("oncology", "Oncology review"),
                                ],
                                default="time_point",
                                max_length=12,
                                verbose_name="what is compared",
                            ),
                        ),
                        (
                            "third",
                            models.JSONField(blank=True, default=dict, verbose_name="third result"),
                        ),
                    ],
                    options={
                        "verbose_name": "historical adjudication case",
                        "verbose_name_plural": "historical adjudication cases",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="CriterionAssessment",
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
                        ("criterion", models.CharField(max_length=40, verbose_name="criterion")),
                        (
                            "engine_version",
                            models.CharField(max_length=20, verbose_name="engine version"),
                        ),
                        (
                            "input_digest",
                            models.CharField(max_length=64, verbose_name="SHA-256 of the input"),
                        ),
                        ("derived", models.JSONField(verbose_name="derived")),
                        ("entered", models.JSONField(default=dict, verbose_name="entered")),
                        ("trace", models.JSONField(default=list, verbose_name="why")),
                        (
                            "override_class",
                            models.CharField(blank=True, max_length=40, verbose_name="override"),
                        ),
                        (
                            "override_reason",
                            models.TextField(blank=True, verbose_name="reason for the override"),
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
                            "session",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="assessments",
                                to="reads.readsession",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("session", "criterion"), name="assessment_once"
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="AdjudicationCase",
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
                        ("first_is_a", models.BooleanField()),
                        ("variables", models.JSONField(verbose_name="variables that differ")),
                        ("label", models.CharField(max_length=12, verbose_name="case label")),
                        ("due_at", models.DateTimeField(verbose_name="due")),
                        ("due_by", models.CharField(max_length=120)),
                        (
                            "choice",
                            models.CharField(
                                blank=True,
                                choices=[("A", "Read A"), ("B", "Read B")],
                                max_length=1,
                                verbose_name="choice",
                            ),
                        ),
                        ("reason", models.TextField(blank=True, verbose_name="reason")),
                        (
                            "decided_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="decided"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("pending", "Pending"),
                                    ("claimed", "Claimed"),
                                    ("signed", "Signed"),
                                    ("voided", "Voided"),
                                ],
                                default="pending",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "adjudicator",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "design",
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
                            "subject",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="adjudications",
                                to="studies.subject",
                            ),
                        ),
                        (
                            "time_point",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="adjudications",
                                to="studies.timepoint",
                            ),
                        ),
                        (
                            "session_1",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="reads.readsession",
                            ),
                        ),
                        (
                            "session_2",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="reads.readsession",
                            ),
                        ),
                        (
                            "level",
                            models.CharField(
                                choices=[
                                    ("time_point", "Time point"),
                                    ("subject", "Subject"),
                                    ("oncology", "Oncology review"),
                                ],
                                default="time_point",
                                max_length=12,
                                verbose_name="what is compared",
                            ),
                        ),
                        (
                            "third",
                            models.JSONField(blank=True, default=dict, verbose_name="third result"),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state", "voided"), _negated=True),
                                fields=("session_1", "session_2"),
                                name="adjudication_once",
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="Acceptance",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        (
                            "basis",
                            models.CharField(
                                choices=[
                                    ("single", "Single read"),
                                    ("agreement", "Readers agree"),
                                    ("adjudication", "Adjudication"),
                                    ("rolled_back", "Rolled back"),
                                ],
                                max_length=16,
                            ),
                        ),
                        ("at", models.DateTimeField(default=audit.clock.now)),
                        (
                            "study",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="studies.study",
                            ),
                        ),
                        (
                            "time_point",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="acceptances",
                                to="studies.timepoint",
                            ),
                        ),
                        (
                            "case",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="reads.adjudicationcase",
                            ),
                        ),
                        (
                            "session",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="acceptances",
                                to="reads.readsession",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("-id",),
                    },
                ),
                migrations.CreateModel(
                    name="ReadTask",
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
                                    ("time_point", "Time point"),
                                    ("global", "Global review"),
                                    ("eligibility", "Eligibility"),
                                    ("oncology", "Oncology review"),
                                ],
                                default="time_point",
                                max_length=12,
                                verbose_name="kind",
                            ),
                        ),
                        (
                            "dossier_version",
                            models.PositiveIntegerField(
                                blank=True, null=True, verbose_name="dossier version"
                            ),
                        ),
                        (
                            "criteria",
                            models.JSONField(
                                default=dict, verbose_name="criteria and engine versions"
                            ),
                        ),
                        (
                            "sequence",
                            models.PositiveSmallIntegerField(
                                verbose_name="place in the subject's order"
                            ),
                        ),
                        ("due_at", models.DateTimeField(verbose_name="due")),
                        ("due_by", models.CharField(max_length=120)),
                        (
                            "decline_reason",
                            models.CharField(
                                blank=True, max_length=200, verbose_name="why declined"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("planned", "Planned"),
                                    ("assigned", "Assigned"),
                                    ("accepted", "Accepted"),
                                    ("in_progress", "In progress"),
                                    ("signed", "Signed"),
                                    ("on_hold", "On hold"),
                                    ("declined", "Declined"),
                                    ("reassigned", "Reassigned"),
                                    ("cancelled", "Cancelled"),
                                ],
                                default="planned",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "blinding",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="studies.configuration",
                            ),
                        ),
                        (
                            "design",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="studies.configuration",
                            ),
                        ),
                        (
                            "form",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="studies.configuration",
                            ),
                        ),
                        (
                            "package",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="imaging.readpackage",
                            ),
                        ),
                        (
                            "stream",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="tasks",
                                to="reads.readerstream",
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
                            "time_point",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="read_tasks",
                                to="studies.timepoint",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("due_at",),
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(
                                    ("state__in", ["declined", "reassigned", "cancelled"]),
                                    _negated=True,
                                ),
                                fields=("stream", "time_point", "kind"),
                                name="readtask_once",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(
                                    ("time_point", None),
                                    models.Q(
                                        ("state__in", ["declined", "reassigned", "cancelled"]),
                                        _negated=True,
                                    ),
                                ),
                                fields=("stream", "kind"),
                                name="readtask_over_subject_once",
                            ),
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="HistoricalReadSession",
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
                            "version",
                            models.PositiveSmallIntegerField(default=1, verbose_name="version"),
                        ),
                        (
                            "opened_at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="opened"),
                        ),
                        (
                            "signed_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="signed"),
                        ),
                        (
                            "seconds_active",
                            models.PositiveIntegerField(default=0, verbose_name="active time, s"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("open", "Open"),
                                    ("signed", "Signed"),
                                    ("final", "Final"),
                                    ("voided", "Voided"),
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
                            "form_record",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="studies.formrecord",
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
                            "task",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.readtask",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical read session",
                        "verbose_name_plural": "historical read sessions",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalReader",
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
                        ("specialty", models.CharField(max_length=80, verbose_name="specialty")),
                        (
                            "therapeutic_areas",
                            models.JSONField(
                                blank=True, default=list, verbose_name="therapeutic areas"
                            ),
                        ),
                        (
                            "languages",
                            models.JSONField(blank=True, default=list, verbose_name="languages"),
                        ),
                        (
                            "country",
                            models.CharField(
                                help_text="ISO 3166-1 alpha-2", max_length=2, verbose_name="country"
                            ),
                        ),
                        (
                            "licence_number",
                            models.CharField(
                                blank=True, max_length=60, verbose_name="licence number"
                            ),
                        ),
                        (
                            "licence_authority",
                            models.CharField(
                                blank=True, max_length=120, verbose_name="licensing authority"
                            ),
                        ),
                        (
                            "licence_until",
                            models.DateField(
                                blank=True, null=True, verbose_name="licence valid until"
                            ),
                        ),
                        (
                            "per_day",
                            models.PositiveSmallIntegerField(default=8, verbose_name="reads a day"),
                        ),
                        (
                            "per_week",
                            models.PositiveSmallIntegerField(
                                default=30, verbose_name="reads a week"
                            ),
                        ),
                        (
                            "cv_sha256",
                            models.CharField(blank=True, max_length=64, verbose_name="CV"),
                        ),
                        (
                            "cv_name",
                            models.CharField(
                                blank=True, max_length=120, verbose_name="name of the CV"
                            ),
                        ),
                        (
                            "cv_dated",
                            models.DateField(blank=True, null=True, verbose_name="CV dated"),
                        ),
                        ("pools", models.JSONField(blank=True, default=list, verbose_name="pools")),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("active", "Active"),
                                    ("suspended", "Suspended"),
                                    ("released", "Released"),
                                ],
                                default="active",
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
                            "employer",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="studies.organisation",
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
                            "user",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical reader",
                        "verbose_name_plural": "historical readers",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="Reader",
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
                        ("specialty", models.CharField(max_length=80, verbose_name="specialty")),
                        (
                            "therapeutic_areas",
                            models.JSONField(
                                blank=True, default=list, verbose_name="therapeutic areas"
                            ),
                        ),
                        (
                            "languages",
                            models.JSONField(blank=True, default=list, verbose_name="languages"),
                        ),
                        (
                            "country",
                            models.CharField(
                                help_text="ISO 3166-1 alpha-2", max_length=2, verbose_name="country"
                            ),
                        ),
                        (
                            "licence_number",
                            models.CharField(
                                blank=True, max_length=60, verbose_name="licence number"
                            ),
                        ),
                        (
                            "licence_authority",
                            models.CharField(
                                blank=True, max_length=120, verbose_name="licensing authority"
                            ),
                        ),
                        (
                            "licence_until",
                            models.DateField(
                                blank=True, null=True, verbose_name="licence valid until"
                            ),
                        ),
                        (
                            "per_day",
                            models.PositiveSmallIntegerField(default=8, verbose_name="reads a day"),
                        ),
                        (
                            "per_week",
                            models.PositiveSmallIntegerField(
                                default=30, verbose_name="reads a week"
                            ),
                        ),
                        (
                            "cv_sha256",
                            models.CharField(blank=True, max_length=64, verbose_name="CV"),
                        ),
                        (
                            "cv_name",
                            models.CharField(
                                blank=True, max_length=120, verbose_name="name of the CV"
                            ),
                        ),
                        (
                            "cv_dated",
                            models.DateField(blank=True, null=True, verbose_name="CV dated"),
                        ),
                        ("pools", models.JSONField(blank=True, default=list, verbose_name="pools")),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("active", "Active"),
                                    ("suspended", "Suspended"),
                                    ("released", "Released"),
                                ],
                                default="active",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "employer",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="readers",
                                to="studies.organisation",
                            ),
                        ),
                        (
                            "user",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="reader",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="HistoricalReaderContract",
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
                            "number",
                            models.CharField(db_index=True, max_length=40, verbose_name="number"),
                        ),
                        ("valid_from", models.DateField(verbose_name="valid from")),
                        ("valid_until", models.DateField(verbose_name="valid until")),
                        (
                            "currency",
                            models.CharField(
                                help_text="ISO 4217", max_length=3, verbose_name="currency"
                            ),
                        ),
                        (
                            "rates",
                            models.JSONField(default=dict, verbose_name="rate per kind of work"),
                        ),
                        (
                            "document_sha256",
                            models.CharField(
                                blank=True, max_length=64, verbose_name="signed document"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("draft", "Draft"),
                                    ("sent", "Sent"),
                                    ("signed", "Signed"),
                                    ("ended", "Ended"),
                                ],
                                default="draft",
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
                            "reader",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.reader",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical reader contract",
                        "verbose_name_plural": "historical reader contracts",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalReaderConflict",
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
                                    ("employment", "Employed there"),
                                    ("investigator", "Investigator there"),
                                    ("financial", "Financial interest"),
                                    ("personal", "Personal tie"),
                                ],
                                max_length=12,
                                verbose_name="kind",
                            ),
                        ),
                        ("note", models.CharField(blank=True, max_length=300, verbose_name="note")),
                        ("since", models.DateField(blank=True, null=True, verbose_name="since")),
                        (
                            "ended_on",
                            models.DateField(blank=True, null=True, verbose_name="ended on"),
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
                            "organisation",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="studies.organisation",
                            ),
                        ),
                        (
                            "site",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="studies.site",
                            ),
                        ),
                        (
                            "reader",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.reader",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical reader conflict",
                        "verbose_name_plural": "historical reader conflicts",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalReaderAbsence",
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
                        ("first_day", models.DateField(verbose_name="first day")),
                        ("last_day", models.DateField(verbose_name="last day")),
                        ("note", models.CharField(blank=True, max_length=200, verbose_name="note")),
                        (
                            "cancelled_on",
                            models.DateField(blank=True, null=True, verbose_name="cancelled on"),
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
                            "reader",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.reader",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical reader absence",
                        "verbose_name_plural": "historical reader absences",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalOnboarding",
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
                            "stage_since",
                            models.DateTimeField(
                                default=audit.clock.now, verbose_name="in this stage since"
                            ),
                        ),
                        (
                            "workstation",
                            models.JSONField(
                                blank=True, default=dict, verbose_name="workstation check"
                            ),
                        ),
                        (
                            "training_note",
                            models.CharField(
                                blank=True, max_length=300, verbose_name="training held"
                            ),
                        ),
                        (
                            "training_on",
                            models.DateField(blank=True, null=True, verbose_name="trained on"),
                        ),
                        (
                            "cases_right",
                            models.PositiveSmallIntegerField(
                                blank=True, null=True, verbose_name="points reached"
                            ),
                        ),
                        (
                            "cases_total",
                            models.PositiveSmallIntegerField(
                                blank=True, null=True, verbose_name="points possible"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("cv", "CV"),
                                    ("contract", "Contract"),
                                    ("access", "Access"),
                                    ("workstation", "Workstation"),
                                    ("training", "Training"),
                                    ("test_cases", "Test cases"),
                                    ("qualified", "Qualified"),
                                    ("stopped", "Stopped"),
                                ],
                                default="cv",
                                editable=False,
                                max_length=24,
                                verbose_name="stage",
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
                            "reader",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.reader",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical onboarding",
                        "verbose_name_plural": "historical onboardings",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="Onboarding",
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
                            "stage_since",
                            models.DateTimeField(
                                default=audit.clock.now, verbose_name="in this stage since"
                            ),
                        ),
                        (
                            "workstation",
                            models.JSONField(
                                blank=True, default=dict, verbose_name="workstation check"
                            ),
                        ),
                        (
                            "training_note",
                            models.CharField(
                                blank=True, max_length=300, verbose_name="training held"
                            ),
                        ),
                        (
                            "training_on",
                            models.DateField(blank=True, null=True, verbose_name="trained on"),
                        ),
                        (
                            "cases_right",
                            models.PositiveSmallIntegerField(
                                blank=True, null=True, verbose_name="points reached"
                            ),
                        ),
                        (
                            "cases_total",
                            models.PositiveSmallIntegerField(
                                blank=True, null=True, verbose_name="points possible"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("cv", "CV"),
                                    ("contract", "Contract"),
                                    ("access", "Access"),
                                    ("workstation", "Workstation"),
                                    ("training", "Training"),
                                    ("test_cases", "Test cases"),
                                    ("qualified", "Qualified"),
                                    ("stopped", "Stopped"),
                                ],
                                default="cv",
                                editable=False,
                                max_length=24,
                                verbose_name="stage",
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
                            "reader",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="onboardings",
                                to="reads.reader",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state", "stopped"), _negated=True),
                                fields=("study", "reader"),
                                name="onboarding_once",
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="ReaderAbsence",
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
                        ("first_day", models.DateField(verbose_name="first day")),
                        ("last_day", models.DateField(verbose_name="last day")),
                        ("note", models.CharField(blank=True, max_length=200, verbose_name="note")),
                        (
                            "cancelled_on",
                            models.DateField(blank=True, null=True, verbose_name="cancelled on"),
                        ),
                        (
                            "reader",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="absences",
                                to="reads.reader",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("first_day",),
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("last_day__gte", models.F("first_day"))),
                                name="absence_days_in_order",
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="ReaderConflict",
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
                                    ("employment", "Employed there"),
                                    ("investigator", "Investigator there"),
                                    ("financial", "Financial interest"),
                                    ("personal", "Personal tie"),
                                ],
                                max_length=12,
                                verbose_name="kind",
                            ),
                        ),
                        ("note", models.CharField(blank=True, max_length=300, verbose_name="note")),
                        ("since", models.DateField(blank=True, null=True, verbose_name="since")),
                        (
                            "ended_on",
                            models.DateField(blank=True, null=True, verbose_name="ended on"),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="reader_conflicts",
                                to="studies.organisation",
                            ),
                        ),
                        (
                            "reader",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="conflicts",
                                to="reads.reader",
                            ),
                        ),
                        (
                            "site",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="reader_conflicts",
                                to="studies.site",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("site__isnull", False),
                                    ("organisation__isnull", False),
                                    _connector="XOR",
                                ),
                                name="conflict_site_or_organisation",
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="ReaderContract",
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
                            "number",
                            models.CharField(max_length=40, unique=True, verbose_name="number"),
                        ),
                        ("valid_from", models.DateField(verbose_name="valid from")),
                        ("valid_until", models.DateField(verbose_name="valid until")),
                        (
                            "currency",
                            models.CharField(
                                help_text="ISO 4217", max_length=3, verbose_name="currency"
                            ),
                        ),
                        (
                            "rates",
                            models.JSONField(default=dict, verbose_name="rate per kind of work"),
                        ),
                        (
                            "document_sha256",
                            models.CharField(
                                blank=True, max_length=64, verbose_name="signed document"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("draft", "Draft"),
                                    ("sent", "Sent"),
                                    ("signed", "Signed"),
                                    ("ended", "Ended"),
                                ],
                                default="draft",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "reader",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="contracts",
                                to="reads.reader",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("-valid_from", "number"),
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("valid_until__gte", models.F("valid_from"))),
                                name="contract_dates_in_order",
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="HistoricalPreliminaryAnalysis",
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
                            "finished_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="finished"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("draft", "Draft"),
                                    ("finished", "Finished"),
                                    ("discarded", "Discarded"),
                                ],
                                default="draft",
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
                            "analyst",
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
                        "verbose_name": "historical preliminary analysis",
                        "verbose_name_plural": "historical preliminary analysiss",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalReaderQuestion",
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
                        ("text", models.TextField(verbose_name="question")),
                        (
                            "asked_at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="asked"),
                        ),
                        ("due_at", models.DateTimeField(verbose_name="due")),
                        ("due_by", models.CharField(max_length=120)),
                        (
                            "answer",
                            models.TextField(blank=True, verbose_name="answer to the reader"),
                        ),
                        (
                            "findings",
                            models.JSONField(default=list, verbose_name="what could unblind"),
                        ),
                        (
                            "answered_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="answered"),
                        ),
                        (
                            "withdrawn_reason",
                            models.CharField(
                                blank=True, max_length=200, verbose_name="why withdrawn"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("asked", "Asked"),
                                    ("relayed", "With the site"),
                                    ("held", "Answer held for a second person"),
                                    ("answered", "Answered"),
                                    ("withdrawn", "Withdrawn"),
                                ],
                                default="asked",
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
                            "task",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.readtask",
                            ),
                        ),
                        (
                            "written_by",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical reader question",
                        "verbose_name_plural": "historical reader questions",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalReadingImport",
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
                            "sha256",
                            models.CharField(max_length=64, verbose_name="SHA-256 of the file"),
                        ),
                        ("file_name", models.CharField(max_length=120, verbose_name="file")),
                        (
                            "sheet",
                            models.CharField(blank=True, max_length=80, verbose_name="sheet"),
                        ),
                        (
                            "origin",
                            models.CharField(
                                max_length=200, verbose_name="where the readings come from"
                            ),
                        ),
                        ("cells", models.JSONField(default=list, verbose_name="cells as text")),
                        (
                            "mapping",
                            models.JSONField(default=dict, verbose_name="what the columns mean"),
                        ),
                        (
                            "criterion",
                            models.CharField(blank=True, max_length=40, verbose_name="criterion"),
                        ),
                        (
                            "imported_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="imported"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("draft", "Draft"),
                                    ("imported", "Imported"),
                                    ("discarded", "Discarded"),
                                ],
                                default="draft",
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
                    ],
                    options={
                        "verbose_name": "historical reading import",
                        "verbose_name_plural": "historical reading imports",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalVariabilityPlan",
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
                        ("title", models.CharField(max_length=80, verbose_name="title")),
                        (
                            "intra_percent",
                            models.PositiveSmallIntegerField(
                                default=0, verbose_name="read again by the same reader, %"
                            ),
                        ),
                        (
                            "inter_percent",
                            models.PositiveSmallIntegerField(
                                default=0, verbose_name="read by another reader, %"
                            ),
                        ),
                        (
                            "washout_days",
                            models.PositiveSmallIntegerField(verbose_name="wash-out, days"),
                        ),
                        ("seed", models.CharField(max_length=64, verbose_name="seed")),
                        (
                            "population",
                            models.JSONField(default=list, verbose_name="streams drawn from"),
                        ),
                        (
                            "drawn_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="drawn"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("planned", "Planned"),
                                    ("drawn", "Drawn"),
                                    ("closed", "Closed"),
                                    ("cancelled", "Cancelled"),
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
                            "design",
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
                    ],
                    options={
                        "verbose_name": "historical variability plan",
                        "verbose_name_plural": "historical variability plans",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="PreliminaryAnalysis",
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
                            "finished_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="finished"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("draft", "Draft"),
                                    ("finished", "Finished"),
                                    ("discarded", "Discarded"),
                                ],
                                default="draft",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "analyst",
                            models.ForeignKey(
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
                            "time_point",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="preliminary_analyses",
                                to="studies.timepoint",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state", "discarded"), _negated=True),
                                fields=("time_point",),
                                name="preliminary_one_of_time_point",
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="HistoricalPreliminaryMeasurement",
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
                        ("label", models.CharField(max_length=8, verbose_name="lesion")),
                        ("location", models.CharField(max_length=60, verbose_name="location")),
                        (
                            "kind",
                            models.CharField(
                                choices=[("long_axis", "Long axis"), ("short_axis", "Short axis")],
                                max_length=12,
                                verbose_name="axis",
                            ),
                        ),
                        ("entered", models.CharField(max_length=24, verbose_name="as entered")),
                        (
                            "entered_unit",
                            models.CharField(
                                default="mm", max_length=12, verbose_name="unit entered"
                            ),
                        ),
                        (
                            "value",
                            models.DecimalField(
                                decimal_places=4, max_digits=12, verbose_name="value, mm"
                            ),
                        ),
                        (
                            "slice_number",
                            models.PositiveIntegerField(
                                blank=True, null=True, verbose_name="slice"
                            ),
                        ),
                        (
                            "removed_reason",
                            models.CharField(
                                blank=True, max_length=200, verbose_name="why removed"
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
                            "analysis",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.preliminaryanalysis",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical preliminary measurement",
                        "verbose_name_plural": "historical preliminary measurements",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="PreliminaryMeasurement",
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
                        ("label", models.CharField(max_length=8, verbose_name="lesion")),
                        ("location", models.CharField(max_length=60, verbose_name="location")),
                        (
                            "kind",
                            models.CharField(
                                choices=[("long_axis", "Long axis"), ("short_axis", "Short axis")],
                                max_length=12,
                                verbose_name="axis",
                            ),
                        ),
                        ("entered", models.CharField(max_length=24, verbose_name="as entered")),
                        (
                            "entered_unit",
                            models.CharField(
                                default="mm", max_length=12, verbose_name="unit entered"
                            ),
                        ),
                        (
                            "value",
                            models.DecimalField(
                                decimal_places=4, max_digits=12, verbose_name="value, mm"
                            ),
                        ),
                        (
                            "slice_number",
                            models.PositiveIntegerField(
                                blank=True, null=True, verbose_name="slice"
                            ),
                        ),
                        (
                            "removed_reason",
                            models.CharField(
                                blank=True, max_length=200, verbose_name="why removed"
                            ),
                        ),
                        (
                            "analysis",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="measurements",
                                to="reads.preliminaryanalysis",
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
                        "ordering": ("label", "kind"),
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("removed_reason", "")),
                                fields=("analysis", "label", "kind"),
                                name="preliminary_value_once",
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="HistoricalPreliminaryReview",
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
                            "decision",
                            models.CharField(
                                choices=[
                                    ("approved", "Approved"),
                                    ("changed", "Changed"),
                                    ("rejected", "Not used"),
                                ],
                                max_length=10,
                                verbose_name="decision",
                            ),
                        ),
                        (
                            "value",
                            models.DecimalField(
                                blank=True,
                                decimal_places=4,
                                max_digits=12,
                                null=True,
                                verbose_name="reader's value, mm",
                            ),
                        ),
                        (
                            "reason",
                            models.CharField(blank=True, max_length=200, verbose_name="reason"),
                        ),
                        (
                            "signed_at",
                            models.DateTimeField(
                                blank=True, null=True, verbose_name="signed with the read"
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
                            "session",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.readsession",
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
                            "measurement",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.preliminarymeasurement",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical preliminary review",
                        "verbose_name_plural": "historical preliminary reviews",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="PreliminaryReview",
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
                            "decision",
                            models.CharField(
                                choices=[
                                    ("approved", "Approved"),
                                    ("changed", "Changed"),
                                    ("rejected", "Not used"),
                                ],
                                max_length=10,
                                verbose_name="decision",
                            ),
                        ),
                        (
                            "value",
                            models.DecimalField(
                                blank=True,
                                decimal_places=4,
                                max_digits=12,
                                null=True,
                                verbose_name="reader's value, mm",
                            ),
                        ),
                        (
                            "reason",
                            models.CharField(blank=True, max_length=200, verbose_name="reason"),
                        ),
                        (
                            "signed_at",
                            models.DateTimeField(
                                blank=True, null=True, verbose_name="signed with the read"
                            ),
                        ),
                        (
                            "measurement",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="reviews",
                                to="reads.preliminarymeasurement",
                            ),
                        ),
                        (
                            "session",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="preliminary_reviews",
                                to="reads.readsession",
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
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("measurement", "session"), name="preliminary_reviewed_once"
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="ReaderQuestion",
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
                        ("text", models.TextField(verbose_name="question")),
                        (
                            "asked_at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="asked"),
                        ),
                        ("due_at", models.DateTimeField(verbose_name="due")),
                        ("due_by", models.CharField(max_length=120)),
                        (
                            "answer",
                            models.TextField(blank=True, verbose_name="answer to the reader"),
                        ),
                        (
                            "findings",
                            models.JSONField(default=list, verbose_name="what could unblind"),
                        ),
                        (
                            "answered_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="answered"),
                        ),
                        (
                            "withdrawn_reason",
                            models.CharField(
                                blank=True, max_length=200, verbose_name="why withdrawn"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("asked", "Asked"),
                                    ("relayed", "With the site"),
                                    ("held", "Answer held for a second person"),
                                    ("answered", "Answered"),
                                    ("withdrawn", "Withdrawn"),
                                ],
                                default="asked",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "query",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="reader_questions",
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
                        (
                            "task",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="questions",
                                to="reads.readtask",
                            ),
                        ),
                        (
                            "written_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("asked_at",),
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state__in", ["asked", "relayed", "held"])),
                                fields=("task",),
                                name="question_one_open",
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="ReadingImport",
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
                            "sha256",
                            models.CharField(max_length=64, verbose_name="SHA-256 of the file"),
                        ),
                        ("file_name", models.CharField(max_length=120, verbose_name="file")),
                        (
                            "sheet",
                            models.CharField(blank=True, max_length=80, verbose_name="sheet"),
                        ),
                        (
                            "origin",
                            models.CharField(
                                max_length=200, verbose_name="where the readings come from"
                            ),
                        ),
                        ("cells", models.JSONField(default=list, verbose_name="cells as text")),
                        (
                            "mapping",
                            models.JSONField(default=dict, verbose_name="what the columns mean"),
                        ),
                        (
                            "criterion",
                            models.CharField(blank=True, max_length=40, verbose_name="criterion"),
                        ),
                        (
                            "imported_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="imported"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("draft", "Draft"),
                                    ("imported", "Imported"),
                                    ("discarded", "Discarded"),
                                ],
                                default="draft",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
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
                        "ordering": ("-created_at",),
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state", "discarded"), _negated=True),
                                fields=("study", "sha256", "sheet"),
                                name="readingimport_file_once",
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="ImportedReading",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        (
                            "row_number",
                            models.PositiveIntegerField(verbose_name="row of the sheet"),
                        ),
                        (
                            "reader",
                            models.CharField(
                                max_length=40, verbose_name="reader, as the file names them"
                            ),
                        ),
                        ("criterion", models.CharField(max_length=40, verbose_name="criterion")),
                        (
                            "read_on",
                            models.DateField(blank=True, null=True, verbose_name="read on"),
                        ),
                        ("values", models.JSONField(verbose_name="values")),
                        (
                            "origin",
                            models.CharField(
                                default="imported", max_length=8, verbose_name="origin"
                            ),
                        ),
                        ("at", models.DateTimeField(default=audit.clock.now)),
                        (
                            "study",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="studies.study",
                            ),
                        ),
                        (
                            "subject",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="studies.subject",
                            ),
                        ),
                        (
                            "time_point",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="imported_readings",
                                to="studies.timepoint",
                            ),
                        ),
                        (
                            "batch",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="readings",
                                to="reads.readingimport",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("id",),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("study", "time_point", "reader", "criterion"),
                                name="importedreading_once",
                            ),
                            models.UniqueConstraint(
                                fields=("batch", "row_number"), name="importedreading_row_once"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("origin", "imported")),
                                name="importedreading_is_imported",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="VariabilityPlan",
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
                        ("title", models.CharField(max_length=80, verbose_name="title")),
                        (
                            "intra_percent",
                            models.PositiveSmallIntegerField(
                                default=0, verbose_name="read again by the same reader, %"
                            ),
                        ),
                        (
                            "inter_percent",
                            models.PositiveSmallIntegerField(
                                default=0, verbose_name="read by another reader, %"
                            ),
                        ),
                        (
                            "washout_days",
                            models.PositiveSmallIntegerField(verbose_name="wash-out, days"),
                        ),
                        ("seed", models.CharField(max_length=64, verbose_name="seed")),
                        (
                            "population",
                            models.JSONField(default=list, verbose_name="streams drawn from"),
                        ),
                        (
                            "drawn_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="drawn"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("planned", "Planned"),
                                    ("drawn", "Drawn"),
                                    ("closed", "Closed"),
                                    ("cancelled", "Cancelled"),
                                ],
                                default="planned",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "design",
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
                    ],
                    options={
                        "abstract": False,
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="ReRead",
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
                                choices=[("intra", "Same reader"), ("inter", "Another reader")],
                                max_length=8,
                                verbose_name="kind",
                            ),
                        ),
                        ("not_before", models.DateField(verbose_name="not before")),
                        (
                            "left_out_reason",
                            models.CharField(
                                blank=True, max_length=200, verbose_name="why left out"
                            ),
                        ),
                        (
                            "original",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="rereads",
                                to="reads.readerstream",
                            ),
                        ),
                        (
                            "reader",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "stream",
                            models.OneToOneField(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="reread_of",
                                to="reads.readerstream",
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
                            "plan",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="rereads",
                                to="reads.variabilityplan",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("not_before", "id"),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("plan", "original"), name="reread_once"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("stream", None), ("left_out_reason", ""), _connector="OR"
                                ),
                                name="reread_out_or_given",
                            ),
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="HistoricalReRead",
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
                                choices=[("intra", "Same reader"), ("inter", "Another reader")],
                                max_length=8,
                                verbose_name="kind",
                            ),
                        ),
                        ("not_before", models.DateField(verbose_name="not before")),
                        (
                            "left_out_reason",
                            models.CharField(
                                blank=True, max_length=200, verbose_name="why left out"
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
                            "original",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.readerstream",
                            ),
                        ),
                        (
                            "reader",
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
                            "stream",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.readerstream",
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
                            "plan",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.variabilityplan",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical re read",
                        "verbose_name_plural": "historical re reads",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="FeeLine",
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
                        ("work", models.CharField(max_length=140, verbose_name="work")),
                        ("kind", models.CharField(max_length=20, verbose_name="kind of work")),
                        ("label", models.CharField(max_length=60, verbose_name="label")),
                        ("record_id", models.UUIDField(verbose_name="signed record")),
                        ("earned_at", models.DateTimeField(verbose_name="signed")),
                        ("contract", models.CharField(max_length=40, verbose_name="contract")),
                        (
                            "amount",
                            models.DecimalField(
                                decimal_places=2, max_digits=10, verbose_name="amount"
                            ),
                        ),
                        (
                            "is_dropped",
                            models.BooleanField(
                                default=False, verbose_name="taken off with its statement"
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
                            "statement",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="lines",
                                to="reads.feestatement",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("earned_at",),
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("is_dropped", False)),
                                fields=("study", "work"),
                                name="fee_line_once",
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="FeeStatement",
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
                        ("month", models.DateField(verbose_name="first day of the month")),
                        ("currency", models.CharField(max_length=3, verbose_name="currency")),
                        (
                            "total",
                            models.DecimalField(
                                decimal_places=2, max_digits=12, verbose_name="total"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("draft", "Draft"),
                                    ("approved", "Approved"),
                                    ("withdrawn", "Withdrawn"),
                                ],
                                default="draft",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "reader",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="statements",
                                to="reads.reader",
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
                        "ordering": ("-month",),
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state", "draft")),
                                fields=("study", "reader", "month", "currency"),
                                name="fee_statement_one_draft",
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="HistoricalFeeLine",
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
                        ("work", models.CharField(max_length=140, verbose_name="work")),
                        ("kind", models.CharField(max_length=20, verbose_name="kind of work")),
                        ("label", models.CharField(max_length=60, verbose_name="label")),
                        ("record_id", models.UUIDField(verbose_name="signed record")),
                        ("earned_at", models.DateTimeField(verbose_name="signed")),
                        ("contract", models.CharField(max_length=40, verbose_name="contract")),
                        (
                            "amount",
                            models.DecimalField(
                                decimal_places=2, max_digits=10, verbose_name="amount"
                            ),
                        ),
                        (
                            "is_dropped",
                            models.BooleanField(
                                default=False, verbose_name="taken off with its statement"
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
                            "statement",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.feestatement",
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
                    ],
                    options={
                        "verbose_name": "historical fee line",
                        "verbose_name_plural": "historical fee lines",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalFeeStatement",
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
                        ("month", models.DateField(verbose_name="first day of the month")),
                        ("currency", models.CharField(max_length=3, verbose_name="currency")),
                        (
                            "total",
                            models.DecimalField(
                                decimal_places=2, max_digits=12, verbose_name="total"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("draft", "Draft"),
                                    ("approved", "Approved"),
                                    ("withdrawn", "Withdrawn"),
                                ],
                                default="draft",
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
                            "reader",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.reader",
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
                    ],
                    options={
                        "verbose_name": "historical fee statement",
                        "verbose_name_plural": "historical fee statements",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalReaderCommitment",
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
                            "contract_number",
                            models.CharField(max_length=40, verbose_name="contract"),
                        ),
                        ("paragraphs", models.JSONField(default=list, verbose_name="text")),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("open", "To sign"),
                                    ("signed", "Signed"),
                                    ("replaced", "Replaced"),
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
                            "design",
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
                            "history_user",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "onboarding",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.onboarding",
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
                    ],
                    options={
                        "verbose_name": "historical reader commitment",
                        "verbose_name_plural": "historical reader commitments",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalReaderInvitation",
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
                            "invitation_id",
                            models.UUIDField(db_index=True, verbose_name="invitation"),
                        ),
                        ("name", models.CharField(max_length=200, verbose_name="name")),
                        ("email", models.EmailField(max_length=254, verbose_name="e-mail")),
                        (
                            "entry",
                            models.JSONField(
                                default=dict, verbose_name="what the register will hold"
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
                            "onboarding",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.onboarding",
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
                    ],
                    options={
                        "verbose_name": "historical reader invitation",
                        "verbose_name_plural": "historical reader invitations",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalReaderMessage",
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
                                    ("reminder", "Reminder before due"),
                                    ("overdue", "Overdue"),
                                    ("escalation", "Escalation"),
                                    ("mail", "Mail"),
                                    ("call", "Call"),
                                    ("meeting", "Meeting"),
                                ],
                                max_length=12,
                                verbose_name="kind",
                            ),
                        ),
                        (
                            "is_from_reader",
                            models.BooleanField(default=False, verbose_name="from the reader"),
                        ),
                        ("at", models.DateTimeField(default=audit.clock.now, verbose_name="at")),
                        ("text", models.TextField(verbose_name="text")),
                        ("tasks", models.JSONField(blank=True, default=list, verbose_name="reads")),
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
                            "reader",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.reader",
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
                            "escalation",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.readerescalation",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical reader message",
                        "verbose_name_plural": "historical reader messages",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalRemediation",
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
                        ("issue", models.TextField(verbose_name="issue")),
                        ("steps", models.JSONField(default=list, verbose_name="steps")),
                        ("due_on", models.DateField(verbose_name="to be closed by")),
                        ("outcome", models.TextField(blank=True, verbose_name="outcome")),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("open", "Open"),
                                    ("completed", "Completed"),
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
                            "reader",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.reader",
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
                    ],
                    options={
                        "verbose_name": "historical remediation",
                        "verbose_name_plural": "historical remediations",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalTrainingAttempt",
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
                        ("number", models.PositiveSmallIntegerField(verbose_name="attempt")),
                        (
                            "given_at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="given"),
                        ),
                        (
                            "marks",
                            models.JSONField(default=dict, verbose_name="marks by time point"),
                        ),
                        (
                            "right",
                            models.PositiveSmallIntegerField(
                                default=0, verbose_name="points reached"
                            ),
                        ),
                        (
                            "total",
                            models.PositiveSmallIntegerField(
                                default=0, verbose_name="points possible"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("open", "Open"),
                                    ("scored", "Scored"),
                                    ("ended", "Ended unscored"),
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
                            "reader",
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
                            "stream",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.readerstream",
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
                            "case",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.trainingcase",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical training attempt",
                        "verbose_name_plural": "historical training attempts",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalTrainingCase",
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
                        ("title", models.CharField(max_length=120, verbose_name="title")),
                        ("key", models.JSONField(default=dict, verbose_name="answer key")),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("draft", "Draft"),
                                    ("approved", "Approved"),
                                    ("withdrawn", "Withdrawn"),
                                ],
                                default="draft",
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
                            "design",
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
                            "made_from",
                            models.JSONField(blank=True, default=dict, verbose_name="made from"),
                        ),
                    ],
                    options={
                        "verbose_name": "historical training case",
                        "verbose_name_plural": "historical training cases",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalTrainingStudy",
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
                            "ended_on",
                            models.DateField(blank=True, null=True, verbose_name="ended on"),
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
                            "held_in",
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
                    ],
                    options={
                        "verbose_name": "historical training study",
                        "verbose_name_plural": "historical training studys",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="ReaderCommitment",
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
                            "contract_number",
                            models.CharField(max_length=40, verbose_name="contract"),
                        ),
                        ("paragraphs", models.JSONField(default=list, verbose_name="text")),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("open", "To sign"),
                                    ("signed", "Signed"),
                                    ("replaced", "Replaced"),
                                ],
                                default="open",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "design",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="studies.configuration",
                            ),
                        ),
                        (
                            "onboarding",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="commitments",
                                to="reads.onboarding",
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
                        "ordering": ("-created_at",),
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state", "open")),
                                fields=("onboarding",),
                                name="commitment_one_open",
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="ReaderInvitation",
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
                        ("invitation_id", models.UUIDField(unique=True, verbose_name="invitation")),
                        ("name", models.CharField(max_length=200, verbose_name="name")),
                        ("email", models.EmailField(max_length=254, verbose_name="e-mail")),
                        (
                            "entry",
                            models.JSONField(
                                default=dict, verbose_name="what the register will hold"
                            ),
                        ),
                        (
                            "onboarding",
                            models.OneToOneField(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="invitation",
                                to="reads.onboarding",
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
                        "ordering": ("created_at",),
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="ReaderMessage",
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
                                    ("reminder", "Reminder before due"),
                                    ("overdue", "Overdue"),
                                    ("escalation", "Escalation"),
                                    ("mail", "Mail"),
                                    ("call", "Call"),
                                    ("meeting", "Meeting"),
                                ],
                                max_length=12,
                                verbose_name="kind",
                            ),
                        ),
                        (
                            "is_from_reader",
                            models.BooleanField(default=False, verbose_name="from the reader"),
                        ),
                        ("at", models.DateTimeField(default=audit.clock.now, verbose_name="at")),
                        ("text", models.TextField(verbose_name="text")),
                        ("tasks", models.JSONField(blank=True, default=list, verbose_name="reads")),
                        (
                            "reader",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="messages",
                                to="reads.reader",
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
                            "escalation",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="messages",
                                to="reads.readerescalation",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("-at",),
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="Remediation",
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
                        ("issue", models.TextField(verbose_name="issue")),
                        ("steps", models.JSONField(default=list, verbose_name="steps")),
                        ("due_on", models.DateField(verbose_name="to be closed by")),
                        ("outcome", models.TextField(blank=True, verbose_name="outcome")),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("open", "Open"),
                                    ("completed", "Completed"),
                                    ("cancelled", "Cancelled"),
                                ],
                                default="open",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "reader",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="remediations",
                                to="reads.reader",
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
                        "ordering": ("-created_at",),
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="TrainingAttempt",
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
                        ("number", models.PositiveSmallIntegerField(verbose_name="attempt")),
                        (
                            "given_at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="given"),
                        ),
                        (
                            "marks",
                            models.JSONField(default=dict, verbose_name="marks by time point"),
                        ),
                        (
                            "right",
                            models.PositiveSmallIntegerField(
                                default=0, verbose_name="points reached"
                            ),
                        ),
                        (
                            "total",
                            models.PositiveSmallIntegerField(
                                default=0, verbose_name="points possible"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("open", "Open"),
                                    ("scored", "Scored"),
                                    ("ended", "Ended unscored"),
                                ],
                                default="open",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "reader",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="training_attempts",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "stream",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="training_attempt",
                                to="reads.readerstream",
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
                            "case",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="attempts",
                                to="reads.trainingcase",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("given_at",),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("case", "reader", "number"),
                                name="training_attempt_number_once",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state", "open")),
                                fields=("case", "reader"),
                                name="training_attempt_one_open",
                            ),
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="TrainingCase",
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
                        ("title", models.CharField(max_length=120, verbose_name="title")),
                        ("key", models.JSONField(default=dict, verbose_name="answer key")),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("draft", "Draft"),
                                    ("approved", "Approved"),
                                    ("withdrawn", "Withdrawn"),
                                ],
                                default="draft",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "design",
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
                            "subject",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="training_cases",
                                to="studies.subject",
                            ),
                        ),
                        (
                            "made_from",
                            models.JSONField(blank=True, default=dict, verbose_name="made from"),
                        ),
                    ],
                    options={
                        "ordering": ("title",),
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state", "withdrawn"), _negated=True),
                                fields=("study", "subject", "design"),
                                name="training_case_once",
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="TrainingStudy",
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
                            "ended_on",
                            models.DateField(blank=True, null=True, verbose_name="ended on"),
                        ),
                        (
                            "held_in",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="trains",
                                to="studies.study",
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
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("ended_on", None)),
                                fields=("study",),
                                name="training_study_once",
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="CheckFinding",
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
                        ("check_id", models.CharField(max_length=60, verbose_name="check")),
                        ("level", models.CharField(max_length=8, verbose_name="level")),
                        ("kind", models.CharField(max_length=12, verbose_name="kind")),
                        ("scope", models.CharField(max_length=12, verbose_name="scope")),
                        (
                            "place",
                            models.CharField(blank=True, max_length=80, verbose_name="where"),
                        ),
                        ("text", models.TextField(verbose_name="what was found")),
                        ("clause", models.CharField(max_length=120, verbose_name="clause")),
                        ("key", models.CharField(max_length=200)),
                        (
                            "found_at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="found"),
                        ),
                        (
                            "disposition",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("no_action", "No action"),
                                    ("query", "Query"),
                                    ("reminder", "Training point reminder"),
                                    ("rollback", "Roll-back"),
                                ],
                                max_length=10,
                                verbose_name="disposition",
                            ),
                        ),
                        ("reason", models.TextField(blank=True, verbose_name="reason")),
                        (
                            "disposed_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="decided"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("open", "Open"),
                                    ("disposed", "Decided"),
                                    ("gone", "Fires no more"),
                                ],
                                default="open",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "disposed_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "query",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="queries.query",
                            ),
                        ),
                        (
                            "session",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="check_findings",
                                to="reads.readsession",
                            ),
                        ),
                        (
                            "stream",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="findings",
                                to="reads.readerstream",
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
                            "roll_back",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="findings",
                                to="reads.rollback",
                            ),
                        ),
                        (
                            "reminder",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="findings",
                                to="reads.trainingreminder",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("-found_at",),
                        "indexes": [
                            models.Index(fields=["study", "state"], name="finding_by_state")
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state", "gone"), _negated=True),
                                fields=("study", "key"),
                                name="checkfinding_once",
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="CheckRun",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("at", models.DateTimeField(default=audit.clock.now)),
                        ("asked_by", models.CharField(max_length=200)),
                        (
                            "work",
                            models.CharField(
                                max_length=200, unique=True, verbose_name="key of the job"
                            ),
                        ),
                        (
                            "library",
                            models.CharField(max_length=64, verbose_name="digest of the library"),
                        ),
                        ("checks", models.PositiveSmallIntegerField()),
                        ("streams", models.PositiveIntegerField()),
                        ("sessions", models.PositiveIntegerField()),
                        ("opened", models.PositiveIntegerField(verbose_name="new findings")),
                        (
                            "gone",
                            models.PositiveIntegerField(verbose_name="findings that fire no more"),
                        ),
                        (
                            "standing",
                            models.PositiveIntegerField(verbose_name="findings that wait"),
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
                        "ordering": ("-id",),
                    },
                ),
                migrations.CreateModel(
                    name="ConfirmationRequest",
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
                            "opinion",
                            models.CharField(
                                max_length=24, verbose_name="overall response in the site's opinion"
                            ),
                        ),
                        ("why", models.TextField(verbose_name="why it is asked")),
                        (
                            "asked_at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="asked"),
                        ),
                        ("due_at", models.DateTimeField(verbose_name="due")),
                        ("due_by", models.CharField(max_length=120)),
                        (
                            "outcome",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("confirmed", "Progression confirmed"),
                                    ("not_confirmed", "Progression not confirmed"),
                                    ("not_evaluable", "Not evaluable"),
                                ],
                                max_length=16,
                                verbose_name="answer",
                            ),
                        ),
                        (
                            "basis",
                            models.CharField(
                                blank=True, max_length=16, verbose_name="how it was found"
                            ),
                        ),
                        (
                            "answered_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="answered"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("asked", "Asked"),
                                    ("answered", "Answered"),
                                    ("withdrawn", "Withdrawn"),
                                ],
                                default="asked",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "asked_by",
                            models.ForeignKey(
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
                            "subject",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="confirmation_requests",
                                to="studies.subject",
                            ),
                        ),
                        (
                            "time_point",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="confirmation_requests",
                                to="studies.timepoint",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("due_at",),
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state", "asked")),
                                fields=("study", "time_point"),
                                name="confirmation_open_once",
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="EligibilityAnswer",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        (
                            "answer",
                            models.CharField(
                                choices=[
                                    ("eligible", "Eligible by imaging"),
                                    ("not_eligible", "Not eligible by imaging"),
                                    ("more_images", "More images needed"),
                                ],
                                max_length=16,
                                verbose_name="answer",
                            ),
                        ),
                        (
                            "criteria",
                            models.JSONField(default=dict, verbose_name="measurable by criterion"),
                        ),
                        ("asked_at", models.DateTimeField(verbose_name="asked")),
                        ("due_at", models.DateTimeField(verbose_name="due")),
                        ("due_by", models.CharField(max_length=120)),
                        ("at", models.DateTimeField(default=audit.clock.now)),
                        (
                            "session",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="eligibility_answers",
                                to="reads.readsession",
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
                            "subject",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="eligibility_answers",
                                to="studies.subject",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("-id",),
                    },
                ),
                migrations.CreateModel(
                    name="ExpeditedDue",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("due_before", models.DateTimeField(verbose_name="due before")),
                        ("due_by_before", models.CharField(max_length=120)),
                        ("at", models.DateTimeField(default=audit.clock.now)),
                        (
                            "request",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="expedited",
                                to="reads.confirmationrequest",
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
                            "task",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="expedited",
                                to="reads.readtask",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("-id",),
                    },
                ),
                migrations.CreateModel(
                    name="HistoricalCheckFinding",
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
                        ("check_id", models.CharField(max_length=60, verbose_name="check")),
                        ("level", models.CharField(max_length=8, verbose_name="level")),
                        ("kind", models.CharField(max_length=12, verbose_name="kind")),
                        ("scope", models.CharField(max_length=12, verbose_name="scope")),
                        (
                            "place",
                            models.CharField(blank=True, max_length=80, verbose_name="where"),
                        ),
                        ("text", models.TextField(verbose_name="what was found")),
                        ("clause", models.CharField(max_length=120, verbose_name="clause")),
                        ("key", models.CharField(max_length=200)),
                        (
                            "found_at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="found"),
                        ),
                        (
                            "disposition",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("no_action", "No action"),
                                    ("query", "Query"),
                                    ("reminder", "Training point reminder"),
                                    ("rollback", "Roll-back"),
                                ],
                                max_length=10,
                                verbose_name="disposition",
                            ),
                        ),
                        ("reason", models.TextField(blank=True, verbose_name="reason")),
                        (
                            "disposed_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="decided"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("open", "Open"),
                                    ("disposed", "Decided"),
                                    ("gone", "Fires no more"),
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
                            "disposed_by",
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
                            "history_user",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
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
                        (
                            "session",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.readsession",
                            ),
                        ),
                        (
                            "stream",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.readerstream",
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
                            "roll_back",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.rollback",
                            ),
                        ),
                        (
                            "reminder",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.trainingreminder",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical check finding",
                        "verbose_name_plural": "historical check findings",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalConfirmationRequest",
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
                            "opinion",
                            models.CharField(
                                max_length=24, verbose_name="overall response in the site's opinion"
                            ),
                        ),
                        ("why", models.TextField(verbose_name="why it is asked")),
                        (
                            "asked_at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="asked"),
                        ),
                        ("due_at", models.DateTimeField(verbose_name="due")),
                        ("due_by", models.CharField(max_length=120)),
                        (
                            "outcome",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("confirmed", "Progression confirmed"),
                                    ("not_confirmed", "Progression not confirmed"),
                                    ("not_evaluable", "Not evaluable"),
                                ],
                                max_length=16,
                                verbose_name="answer",
                            ),
                        ),
                        (
                            "basis",
                            models.CharField(
                                blank=True, max_length=16, verbose_name="how it was found"
                            ),
                        ),
                        (
                            "answered_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="answered"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("asked", "Asked"),
                                    ("answered", "Answered"),
                                    ("withdrawn", "Withdrawn"),
                                ],
                                default="asked",
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
                            "asked_by",
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
                        "verbose_name": "historical confirmation request",
                        "verbose_name_plural": "historical confirmation requests",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalRecall",
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
                        ("reason", models.TextField(verbose_name="reason")),
                        (
                            "clause",
                            models.CharField(blank=True, max_length=120, verbose_name="clause"),
                        ),
                        ("impact", models.JSONField(default=list, verbose_name="what it touches")),
                        (
                            "requested_at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="requested"),
                        ),
                        (
                            "science_at",
                            models.DateTimeField(
                                blank=True, null=True, verbose_name="approved by science"
                            ),
                        ),
                        (
                            "project_at",
                            models.DateTimeField(
                                blank=True, null=True, verbose_name="approved by project management"
                            ),
                        ),
                        (
                            "carried_out_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="carried out"),
                        ),
                        (
                            "outcome",
                            models.JSONField(
                                blank=True, default=list, verbose_name="what was done"
                            ),
                        ),
                        (
                            "acknowledged_at",
                            models.DateTimeField(
                                blank=True, null=True, verbose_name="sponsor acknowledged"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("requested", "Requested"),
                                    ("science_approved", "Approved by science"),
                                    ("project_approved", "Approved by project management"),
                                    ("approved", "Approved"),
                                    ("carried_out", "Carried out"),
                                    ("acknowledged", "Acknowledged by the sponsor"),
                                    ("refused", "Refused"),
                                    ("withdrawn", "Withdrawn"),
                                ],
                                default="requested",
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
                            "acknowledged_by",
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
                            "history_user",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "project_by",
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
                            "reader",
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
                            "requested_by",
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
                            "science_by",
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
                    ],
                    options={
                        "verbose_name": "historical recall",
                        "verbose_name_plural": "historical recalls",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalRetraining",
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
                        ("reason", models.TextField(verbose_name="reason")),
                        (
                            "clause",
                            models.CharField(blank=True, max_length=120, verbose_name="clause"),
                        ),
                        (
                            "all_readers",
                            models.BooleanField(default=False, verbose_name="all readers"),
                        ),
                        (
                            "ordered_at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="ordered"),
                        ),
                        (
                            "minutes",
                            models.TextField(blank=True, verbose_name="minutes of the meeting"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[("open", "Open"), ("closed", "Closed")],
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
                            "ordered_by",
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
                    ],
                    options={
                        "verbose_name": "historical retraining",
                        "verbose_name_plural": "historical retrainings",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalRetrainingPlace",
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
                            "held_tasks",
                            models.JSONField(default=list, verbose_name="reads put on hold"),
                        ),
                        ("ended_qualifications", models.PositiveSmallIntegerField(default=0)),
                        (
                            "released_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="released"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[("held", "On hold"), ("released", "Released")],
                                default="held",
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
                            "reader",
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
                            "retraining",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.retraining",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical retraining place",
                        "verbose_name_plural": "historical retraining places",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalRollBack",
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
                        ("reason", models.TextField(verbose_name="reason")),
                        (
                            "clause",
                            models.CharField(blank=True, max_length=120, verbose_name="clause"),
                        ),
                        ("impact", models.JSONField(default=list, verbose_name="what it touches")),
                        (
                            "requested_at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="requested"),
                        ),
                        (
                            "science_at",
                            models.DateTimeField(
                                blank=True, null=True, verbose_name="approved by science"
                            ),
                        ),
                        (
                            "project_at",
                            models.DateTimeField(
                                blank=True, null=True, verbose_name="approved by project management"
                            ),
                        ),
                        (
                            "carried_out_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="carried out"),
                        ),
                        (
                            "outcome",
                            models.JSONField(
                                blank=True, default=list, verbose_name="what was done"
                            ),
                        ),
                        (
                            "acknowledged_at",
                            models.DateTimeField(
                                blank=True, null=True, verbose_name="sponsor acknowledged"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("requested", "Requested"),
                                    ("science_approved", "Approved by science"),
                                    ("project_approved", "Approved by project management"),
                                    ("approved", "Approved"),
                                    ("carried_out", "Carried out"),
                                    ("acknowledged", "Acknowledged by the sponsor"),
                                    ("refused", "Refused"),
                                    ("withdrawn", "Withdrawn"),
                                ],
                                default="requested",
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
                            "acknowledged_by",
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
                            "history_user",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "late",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="imaging.lateimages",
                            ),
                        ),
                        (
                            "project_by",
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
                            "requested_by",
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
                            "science_by",
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
                            "task",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.readtask",
                            ),
                        ),
                        (
                            "recall",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.recall",
                            ),
                        ),
                        (
                            "reminder",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.trainingreminder",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical roll back",
                        "verbose_name_plural": "historical roll backs",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalTrainingReminder",
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
                        ("rule", models.CharField(max_length=200, verbose_name="rule")),
                        ("clause", models.CharField(max_length=120, verbose_name="clause")),
                        ("text", models.TextField(verbose_name="what to respect")),
                        (
                            "picture_sha256",
                            models.CharField(blank=True, max_length=64, verbose_name="picture"),
                        ),
                        (
                            "gates",
                            models.BooleanField(default=False, verbose_name="holds the next read"),
                        ),
                        ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="due")),
                        ("due_by", models.CharField(blank=True, max_length=120)),
                        (
                            "issued_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="issued"),
                        ),
                        (
                            "acknowledged_at",
                            models.DateTimeField(
                                blank=True, null=True, verbose_name="acknowledged"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("draft", "Draft"),
                                    ("issued", "Issued"),
                                    ("acknowledged", "Acknowledged"),
                                    ("withdrawn", "Withdrawn"),
                                ],
                                default="draft",
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
                            "picture_series",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="imaging.series",
                            ),
                        ),
                        (
                            "reader",
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
                            "session",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.readsession",
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
                            "written_by",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical training reminder",
                        "verbose_name_plural": "historical training reminders",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalTruthRecord",
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
                            "signed_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="signed"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("open", "Open"),
                                    ("signed", "Signed"),
                                    ("voided", "Voided"),
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
                            "form_record",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="studies.formrecord",
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
                        "verbose_name": "historical truth record",
                        "verbose_name_plural": "historical truth records",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="LocalResult",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        (
                            "response",
                            models.CharField(max_length=24, verbose_name="overall response"),
                        ),
                        (
                            "reason",
                            models.CharField(
                                blank=True, max_length=200, verbose_name="why it was corrected"
                            ),
                        ),
                        ("at", models.DateTimeField(default=audit.clock.now)),
                        (
                            "by",
                            models.ForeignKey(
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
                            "time_point",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="local_results",
                                to="studies.timepoint",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("-id",),
                    },
                ),
                migrations.CreateModel(
                    name="Recall",
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
                        ("reason", models.TextField(verbose_name="reason")),
                        (
                            "clause",
                            models.CharField(blank=True, max_length=120, verbose_name="clause"),
                        ),
                        ("impact", models.JSONField(default=list, verbose_name="what it touches")),
                        (
                            "requested_at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="requested"),
                        ),
                        (
                            "science_at",
                            models.DateTimeField(
                                blank=True, null=True, verbose_name="approved by science"
                            ),
                        ),
                        (
                            "project_at",
                            models.DateTimeField(
                                blank=True, null=True, verbose_name="approved by project management"
                            ),
                        ),
                        (
                            "carried_out_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="carried out"),
                        ),
                        (
                            "outcome",
                            models.JSONField(
                                blank=True, default=list, verbose_name="what was done"
                            ),
                        ),
                        (
                            "acknowledged_at",
                            models.DateTimeField(
                                blank=True, null=True, verbose_name="sponsor acknowledged"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("requested", "Requested"),
                                    ("science_approved", "Approved by science"),
                                    ("project_approved", "Approved by project management"),
                                    ("approved", "Approved"),
                                    ("carried_out", "Carried out"),
                                    ("acknowledged", "Acknowledged by the sponsor"),
                                    ("refused", "Refused"),
                                    ("withdrawn", "Withdrawn"),
                                ],
                                default="requested",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "acknowledged_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "project_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "reader",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="recalls",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "requested_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "science_by",
                            models.ForeignKey(
                                blank=True,
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
                    ],
                    options={
                        "ordering": ("-number",),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("study", "number"), name="recall_number_once"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("science_by", None),
                                    ("project_by", None),
                                    models.Q(("science_by", models.F("project_by")), _negated=True),
                                    _connector="OR",
                                ),
                                name="recall_two_persons",
                            ),
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="Retraining",
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
                        ("reason", models.TextField(verbose_name="reason")),
                        (
                            "clause",
                            models.CharField(blank=True, max_length=120, verbose_name="clause"),
                        ),
                        (
                            "all_readers",
                            models.BooleanField(default=False, verbose_name="all readers"),
                        ),
                        (
                            "ordered_at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="ordered"),
                        ),
                        (
                            "minutes",
                            models.TextField(blank=True, verbose_name="minutes of the meeting"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[("open", "Open"), ("closed", "Closed")],
                                default="open",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "ordered_by",
                            models.ForeignKey(
                                blank=True,
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
                    ],
                    options={
                        "ordering": ("-number",),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("study", "number"), name="retraining_number_once"
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="RetrainingPlace",
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
                            "held_tasks",
                            models.JSONField(default=list, verbose_name="reads put on hold"),
                        ),
                        ("ended_qualifications", models.PositiveSmallIntegerField(default=0)),
                        (
                            "released_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="released"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[("held", "On hold"), ("released", "Released")],
                                default="held",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "reader",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="retrainings",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "retraining",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="places",
                                to="reads.retraining",
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
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state", "held")),
                                fields=("study", "reader"),
                                name="retraining_one_open",
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="ReviewAcceptance",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("global", "Global review"),
                                    ("oncology", "Oncology review"),
                                ],
                                max_length=12,
                                verbose_name="kind",
                            ),
                        ),
                        (
                            "basis",
                            models.CharField(
                                choices=[
                                    ("single", "Single read"),
                                    ("agreement", "Readers agree"),
                                    ("adjudication", "Adjudication"),
                                    ("rolled_back", "Rolled back"),
                                ],
                                max_length=16,
                            ),
                        ),
                        ("at", models.DateTimeField(default=audit.clock.now)),
                        (
                            "case",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="reads.adjudicationcase",
                            ),
                        ),
                        (
                            "session",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="review_acceptances",
                                to="reads.readsession",
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
                            "subject",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="review_acceptances",
                                to="studies.subject",
                            ),
                        ),
                        (
                            "time_point",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="review_acceptances",
                                to="studies.timepoint",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("-id",),
                    },
                ),
                migrations.CreateModel(
                    name="RollBack",
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
                        ("reason", models.TextField(verbose_name="reason")),
                        (
                            "clause",
                            models.CharField(blank=True, max_length=120, verbose_name="clause"),
                        ),
                        ("impact", models.JSONField(default=list, verbose_name="what it touches")),
                        (
                            "requested_at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="requested"),
                        ),
                        (
                            "science_at",
                            models.DateTimeField(
                                blank=True, null=True, verbose_name="approved by science"
                            ),
                        ),
                        (
                            "project_at",
                            models.DateTimeField(
                                blank=True, null=True, verbose_name="approved by project management"
                            ),
                        ),
                        (
                            "carried_out_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="carried out"),
                        ),
                        (
                            "outcome",
                            models.JSONField(
                                blank=True, default=list, verbose_name="what was done"
                            ),
                        ),
                        (
                            "acknowledged_at",
                            models.DateTimeField(
                                blank=True, null=True, verbose_name="sponsor acknowledged"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("requested", "Requested"),
                                    ("science_approved", "Approved by science"),
                                    ("project_approved", "Approved by project management"),
                                    ("approved", "Approved"),
                                    ("carried_out", "Carried out"),
                                    ("acknowledged", "Acknowledged by the sponsor"),
                                    ("refused", "Refused"),
                                    ("withdrawn", "Withdrawn"),
                                ],
                                default="requested",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "acknowledged_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "late",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="roll_backs",
                                to="imaging.lateimages",
                            ),
                        ),
                        (
                            "project_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "recall",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="roll_backs",
                                to="reads.recall",
                            ),
                        ),
                        (
                            "requested_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "science_by",
                            models.ForeignKey(
                                blank=True,
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
                            "task",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="roll_backs",
                                to="reads.readtask",
                            ),
                        ),
                        (
                            "reminder",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="roll_backs",
                                to="reads.trainingreminder",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("-number",),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("study", "number"), name="rollback_number_once"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(
                                    (
                                        "state__in",
                                        [
                                            "requested",
                                            "science_approved",
                                            "project_approved",
                                            "approved",
                                        ],
                                    )
                                ),
                                fields=("task",),
                                name="rollback_one_waiting",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("science_by", None),
                                    ("project_by", None),
                                    models.Q(("science_by", models.F("project_by")), _negated=True),
                                    _connector="OR",
                                ),
                                name="rollback_two_persons",
                            ),
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="SampleEscalation",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        (
                            "sample",
                            models.PositiveIntegerField(verbose_name="subjects in the sample"),
                        ),
                        (
                            "different",
                            models.PositiveIntegerField(
                                verbose_name="subjects with different results"
                            ),
                        ),
                        (
                            "above_percent",
                            models.PositiveSmallIntegerField(verbose_name="charter's limit, %"),
                        ),
                        ("at", models.DateTimeField(default=audit.clock.now)),
                        (
                            "design",
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
                    ],
                    options={
                        "ordering": ("-id",),
                    },
                ),
                migrations.CreateModel(
                    name="TrainingReminder",
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
                        ("rule", models.CharField(max_length=200, verbose_name="rule")),
                        ("clause", models.CharField(max_length=120, verbose_name="clause")),
                        ("text", models.TextField(verbose_name="what to respect")),
                        (
                            "picture_sha256",
                            models.CharField(blank=True, max_length=64, verbose_name="picture"),
                        ),
                        (
                            "gates",
                            models.BooleanField(default=False, verbose_name="holds the next read"),
                        ),
                        ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="due")),
                        ("due_by", models.CharField(blank=True, max_length=120)),
                        (
                            "issued_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="issued"),
                        ),
                        (
                            "acknowledged_at",
                            models.DateTimeField(
                                blank=True, null=True, verbose_name="acknowledged"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("draft", "Draft"),
                                    ("issued", "Issued"),
                                    ("acknowledged", "Acknowledged"),
                                    ("withdrawn", "Withdrawn"),
                                ],
                                default="draft",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "picture_series",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="imaging.series",
                            ),
                        ),
                        (
                            "reader",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="reminders",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "session",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="reminders",
                                to="reads.readsession",
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
                            "written_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("-number",),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("study", "number"), name="reminder_number_once"
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="TruthRecord",
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
                            "signed_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="signed"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("open", "Open"),
                                    ("signed", "Signed"),
                                    ("voided", "Voided"),
                                ],
                                default="open",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "form_record",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="studies.formrecord",
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
                            "subject",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="studies.subject",
                            ),
                        ),
                        (
                            "time_point",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="studies.timepoint",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state", "voided"), _negated=True),
                                fields=("time_point",),
                                name="truth_once",
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="ValidationReport",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        (
                            "design_digest",
                            models.CharField(max_length=64, verbose_name="SHA-256 of the design"),
                        ),
                        (
                            "form_digest",
                            models.CharField(
                                blank=True, max_length=64, verbose_name="SHA-256 of the eCRF"
                            ),
                        ),
                        ("passed", models.BooleanField(verbose_name="passed")),
                        ("facts", models.JSONField(verbose_name="report")),
                        (
                            "digest",
                            models.CharField(max_length=64, verbose_name="SHA-256 of the report"),
                        ),
                        ("pdf", models.BinaryField(verbose_name="as printed")),
                        ("asked_by", models.CharField(max_length=200, verbose_name="asked by")),
                        (
                            "at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="validated"),
                        ),
                        (
                            "design",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="validations",
                                to="studies.configuration",
                            ),
                        ),
                        (
                            "form",
                            models.ForeignKey(
                                blank=True,
                                null=True,
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
                    ],
                    options={
                        "ordering": ("-at",),
                    },
                ),
                migrations.CreateModel(
                    name="HistoricalReaderEscalation",
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
                        ("rule", models.CharField(max_length=200, verbose_name="rule")),
                        ("tasks", models.JSONField(default=list, verbose_name="reads")),
                        (
                            "opened_at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="opened"),
                        ),
                        ("outcome", models.TextField(blank=True, verbose_name="outcome")),
                        (
                            "closed_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="closed"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("open", "Open"),
                                    ("owned", "Being worked on"),
                                    ("closed", "Closed"),
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
                            "owner",
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
                            "reader",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.reader",
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
                    ],
                    options={
                        "verbose_name": "historical reader escalation",
                        "verbose_name_plural": "historical reader escalations",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalReaderMeeting",
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
                                choices=[("training", "Training"), ("calibration", "Calibration")],
                                max_length=12,
                                verbose_name="kind",
                            ),
                        ),
                        ("title", models.CharField(max_length=120, verbose_name="subject matter")),
                        ("held_on", models.DateField(verbose_name="held on")),
                        (
                            "duration_minutes",
                            models.PositiveSmallIntegerField(verbose_name="length in minutes"),
                        ),
                        (
                            "minutes",
                            models.TextField(blank=True, verbose_name="minutes of the meeting"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("planned", "Planned"),
                                    ("held", "Held"),
                                    ("cancelled", "Cancelled"),
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
                    ],
                    options={
                        "verbose_name": "historical reader meeting",
                        "verbose_name_plural": "historical reader meetings",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="ReaderEscalation",
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
                        ("rule", models.CharField(max_length=200, verbose_name="rule")),
                        ("tasks", models.JSONField(default=list, verbose_name="reads")),
                        (
                            "opened_at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="opened"),
                        ),
                        ("outcome", models.TextField(blank=True, verbose_name="outcome")),
                        (
                            "closed_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="closed"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("open", "Open"),
                                    ("owned", "Being worked on"),
                                    ("closed", "Closed"),
                                ],
                                default="open",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "owner",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "reader",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="escalations",
                                to="reads.reader",
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
                        "ordering": ("-opened_at",),
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state", "closed"), _negated=True),
                                fields=("study", "reader"),
                                name="escalation_one_live",
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="ReaderMeeting",
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
                                choices=[("training", "Training"), ("calibration", "Calibration")],
                                max_length=12,
                                verbose_name="kind",
                            ),
                        ),
                        ("title", models.CharField(max_length=120, verbose_name="subject matter")),
                        ("held_on", models.DateField(verbose_name="held on")),
                        (
                            "duration_minutes",
                            models.PositiveSmallIntegerField(verbose_name="length in minutes"),
                        ),
                        (
                            "minutes",
                            models.TextField(blank=True, verbose_name="minutes of the meeting"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("planned", "Planned"),
                                    ("held", "Held"),
                                    ("cancelled", "Cancelled"),
                                ],
                                default="planned",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
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
                        "ordering": ("-held_on", "title"),
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="MeetingPlace",
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
                            "took_part",
                            models.BooleanField(blank=True, null=True, verbose_name="took part"),
                        ),
                        (
                            "reader",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="meeting_places",
                                to="reads.reader",
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
                            "meeting",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="places",
                                to="reads.readermeeting",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("reader__user__printed_name",),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("meeting", "reader"), name="meeting_place_once"
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="HistoricalMeetingPlace",
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
                            "took_part",
                            models.BooleanField(blank=True, null=True, verbose_name="took part"),
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
                            "reader",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.reader",
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
                            "meeting",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="reads.readermeeting",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical meeting place",
                        "verbose_name_plural": "historical meeting places",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
            ],
        ),
    ]
