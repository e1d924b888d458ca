import uuid

import django.core.validators
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
        ("imaging", "0001_initial"),
        ("imaging", "0002_held_files_and_attachments"),
        ("imaging", "0003_opened_archives"),
        ("imaging", "0004_quality_control"),
        ("imaging", "0005_site_cleaning_and_phantoms"),
        ("imaging", "0006_doors_moves_consent"),
        ("imaging", "0007_archive_index"),
    ]

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("queries", "0001_initial"),
        ("studies", "0001_squashed_0002_phantom_plans"),
    ]

    operations = [
        audit.together.CreateModels(
            operations=[
                migrations.CreateModel(
                    name="HistoricalImagingStudy",
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
                        ("uid", models.CharField(max_length=64, verbose_name="Study Instance UID")),
                        ("original_key", models.CharField(max_length=64)),
                        (
                            "description",
                            models.CharField(
                                blank=True, max_length=120, verbose_name="description"
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
                        "verbose_name": "historical imaging study",
                        "verbose_name_plural": "historical imaging studies",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalReadPackage",
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
                        ("digest", models.CharField(max_length=64, verbose_name="SHA-256")),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("built", "Built"),
                                    ("released", "Released"),
                                    ("superseded", "Superseded"),
                                ],
                                default="built",
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
                            "layout",
                            models.CharField(
                                choices=[
                                    ("1x1", "One series"),
                                    ("1x2", "Two side by side"),
                                    ("2x1", "Two, one above the other"),
                                    ("2x2", "Four"),
                                ],
                                default="1x1",
                                max_length=4,
                                verbose_name="layout",
                            ),
                        ),
                        (
                            "note",
                            models.CharField(
                                blank=True, max_length=200, verbose_name="why this version"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical read package",
                        "verbose_name_plural": "historical read packages",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="ImagingStudy",
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
                        ("uid", models.CharField(max_length=64, verbose_name="Study Instance UID")),
                        ("original_key", models.CharField(max_length=64)),
                        (
                            "description",
                            models.CharField(
                                blank=True, max_length=120, verbose_name="description"
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
                                related_name="imaging_studies",
                                to="studies.subject",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "imaging studies",
                        "indexes": [
                            models.Index(fields=["original_key"], name="imagingstudy_by_original")
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("study", "uid"), name="imagingstudy_uid_once"
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="ReadPackage",
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
                        ("digest", models.CharField(max_length=64, verbose_name="SHA-256")),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("built", "Built"),
                                    ("released", "Released"),
                                    ("superseded", "Superseded"),
                                ],
                                default="built",
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
                        (
                            "time_point",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="packages",
                                to="studies.timepoint",
                            ),
                        ),
                        (
                            "layout",
                            models.CharField(
                                choices=[
                                    ("1x1", "One series"),
                                    ("1x2", "Two side by side"),
                                    ("2x1", "Two, one above the other"),
                                    ("2x2", "Four"),
                                ],
                                default="1x1",
                                max_length=4,
                                verbose_name="layout",
                            ),
                        ),
                        (
                            "note",
                            models.CharField(
                                blank=True, max_length=200, verbose_name="why this version"
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("time_point", "version"), name="package_version_once"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state", "released")),
                                fields=("time_point",),
                                name="package_one_released",
                            ),
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="Series",
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
                            "uid",
                            models.CharField(max_length=64, verbose_name="Series Instance UID"),
                        ),
                        ("original_key", models.CharField(max_length=64)),
                        ("modality", models.CharField(max_length=16, verbose_name="modality")),
                        (
                            "description",
                            models.CharField(
                                blank=True, max_length=120, verbose_name="description"
                            ),
                        ),
                        (
                            "number",
                            models.IntegerField(
                                blank=True, null=True, verbose_name="series number"
                            ),
                        ),
                        (
                            "body_part",
                            models.CharField(blank=True, max_length=32, verbose_name="body part"),
                        ),
                        (
                            "instance_count",
                            models.PositiveIntegerField(default=0, verbose_name="images"),
                        ),
                        ("facts", models.JSONField(default=dict, verbose_name="header facts")),
                        (
                            "imaging_study",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="series",
                                to="imaging.imagingstudy",
                            ),
                        ),
                        (
                            "scanner",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="series",
                                to="studies.scanner",
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
                                to="imaging.series",
                            ),
                        ),
                        (
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="series",
                                to="imaging.submission",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "series",
                        "ordering": ("number", "created_at"),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("study", "submission", "uid"),
                                name="series_once_per_submission",
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="Preview",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("window", models.CharField(max_length=16)),
                        (
                            "objects_sha256",
                            models.JSONField(help_text="digest of each picture, in slice order"),
                        ),
                        (
                            "slices",
                            models.JSONField(
                                default=list,
                                help_text="SOP Instance UID, frame and height in mm of each picture",
                            ),
                        ),
                        ("thumbnail_sha256", models.CharField(blank=True, max_length=64)),
                        ("rendered_at", models.DateTimeField(default=audit.clock.now)),
                        (
                            "study",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="studies.study",
                            ),
                        ),
                        (
                            "series",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="previews",
                                to="imaging.series",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("series", "window"), name="preview_once_per_window"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PackageSeries",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("order", models.PositiveSmallIntegerField()),
                        ("label", models.CharField(max_length=80)),
                        (
                            "study",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="studies.study",
                            ),
                        ),
                        (
                            "package",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="entries",
                                to="imaging.readpackage",
                            ),
                        ),
                        (
                            "series",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="package_entries",
                                to="imaging.series",
                            ),
                        ),
                        (
                            "place",
                            models.PositiveSmallIntegerField(
                                help_text="place in the layout where the series opens, from 1",
                                null=True,
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("order",),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("package", "series"), name="packageseries_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Instance",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("sop_class_uid", models.CharField(max_length=64)),
                        ("sop_instance_uid", models.CharField(max_length=64)),
                        ("original_key", models.CharField(max_length=64)),
                        ("number", models.IntegerField(null=True)),
                        ("position_mm", models.FloatField(null=True)),
                        ("rows", models.PositiveIntegerField(default=0)),
                        ("columns", models.PositiveIntegerField(default=0)),
                        ("transfer_syntax", models.CharField(max_length=64)),
                        ("sha256", models.CharField(max_length=64)),
                        ("size", models.BigIntegerField()),
                        ("source_sha256", models.CharField(max_length=64)),
                        ("pixel_sha256", models.CharField(blank=True, max_length=64)),
                        ("profile_digest", models.CharField(max_length=64)),
                        (
                            "effects",
                            models.JSONField(
                                default=dict, help_text="elements by what was done with them"
                            ),
                        ),
                        ("stored_at", models.DateTimeField(default=audit.clock.now)),
                        (
                            "study",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="studies.study",
                            ),
                        ),
                        (
                            "series",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="instances",
                                to="imaging.series",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("position_mm", "number", "id"),
                        "indexes": [
                            models.Index(fields=["sop_instance_uid"], name="instance_by_uid"),
                            models.Index(fields=["original_key"], name="instance_by_original"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("series", "source_sha256", "profile_digest"),
                                name="instance_once_per_source_and_profile",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="HistoricalSeriesTimePoint",
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
                                    ("assessment", "Assessment"),
                                    ("comparison", "Comparison"),
                                ],
                                default="assessment",
                                max_length=16,
                                verbose_name="role",
                            ),
                        ),
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
                            "series",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="imaging.series",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical series time point",
                        "verbose_name_plural": "historical series time points",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="AcquisitionFacts",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("study_date", models.DateField(null=True)),
                        ("study_time", models.CharField(blank=True, max_length=16)),
                        ("acquisition_date", models.DateField(null=True)),
                        ("acquisition_time", models.CharField(blank=True, max_length=16)),
                        (
                            "weight_kg",
                            models.DecimalField(decimal_places=2, max_digits=6, null=True),
                        ),
                        ("patient_key", models.CharField(max_length=64)),
                        ("patient_traits_key", models.CharField(blank=True, max_length=64)),
                        ("serial_key", models.CharField(blank=True, max_length=64)),
                        (
                            "document",
                            models.JSONField(
                                default=dict, help_text="facts for the automatic checks"
                            ),
                        ),
                        ("sealed_at", models.DateTimeField(default=audit.clock.now)),
                        (
                            "study",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="studies.study",
                            ),
                        ),
                        (
                            "series",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="sealed_facts",
                                to="imaging.series",
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="SeriesTimePoint",
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
                                    ("assessment", "Assessment"),
                                    ("comparison", "Comparison"),
                                ],
                                default="assessment",
                                max_length=16,
                                verbose_name="role",
                            ),
                        ),
                        (
                            "withdrawn_reason",
                            models.CharField(
                                blank=True, max_length=200, verbose_name="why withdrawn"
                            ),
                        ),
                        (
                            "series",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="time_point_links",
                                to="imaging.series",
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
                                related_name="series_links",
                                to="studies.timepoint",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("withdrawn_reason", "")),
                                fields=("series", "time_point"),
                                name="seriestimepoint_once",
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="Submission",
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
                        ("number", models.PositiveIntegerField(verbose_name="receipt number")),
                        (
                            "file_count",
                            models.PositiveIntegerField(default=0, verbose_name="files"),
                        ),
                        ("byte_count", models.BigIntegerField(default=0, verbose_name="bytes")),
                        (
                            "manifest_digest",
                            models.CharField(
                                blank=True, max_length=64, verbose_name="SHA-256 of the manifest"
                            ),
                        ),
                        (
                            "received_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="received"),
                        ),
                        (
                            "qc_due_at",
                            models.DateTimeField(
                                blank=True, null=True, verbose_name="QC answer due"
                            ),
                        ),
                        ("qc_due_by", models.CharField(blank=True, max_length=120)),
                        (
                            "hold_reason",
                            models.CharField(blank=True, max_length=300, verbose_name="why held"),
                        ),
                        (
                            "lifted_holds",
                            models.JSONField(
                                blank=True,
                                default=list,
                                help_text="reason codes",
                                verbose_name="holds that a person lifted",
                            ),
                        ),
                        (
                            "check_result",
                            models.JSONField(
                                blank=True,
                                default=dict,
                                help_text="counts, series, findings and header values for the form; no identity",
                                verbose_name="checks before sending",
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("draft", "Draft"),
                                    ("uploading", "Uploading"),
                                    ("received", "Received"),
                                    ("deidentified", "De-identified"),
                                    ("in_qc", "In QC"),
                                    ("released", "Released"),
                                    ("held", "Held"),
                                    ("rejected", "Rejected"),
                                    ("withdrawn", "Withdrawn"),
                                ],
                                default="draft",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "answers_query",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="submissions",
                                to="queries.query",
                            ),
                        ),
                        (
                            "corrects",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="corrections",
                                to="imaging.submission",
                            ),
                        ),
                        (
                            "form_record",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="submission",
                                to="studies.formrecord",
                            ),
                        ),
                        (
                            "guideline",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="studies.configuration",
                            ),
                        ),
                        (
                            "profile",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="studies.configuration",
                            ),
                        ),
                        (
                            "sender",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="submissions",
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
                                related_name="submissions",
                                to="studies.studysite",
                            ),
                        ),
                        (
                            "subject",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="submissions",
                                to="studies.subject",
                            ),
                        ),
                        (
                            "time_point",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="submissions",
                                to="studies.timepoint",
                            ),
                        ),
                        (
                            "moved_from",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="moved_to",
                                to="imaging.submission",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("-created_at",),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("study", "number"), name="submission_number_once"
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="ReceivedFile",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("sha256", models.CharField(max_length=64)),
                        ("size", models.BigIntegerField()),
                        (
                            "outcome",
                            models.CharField(
                                choices=[
                                    ("announced", "Announced"),
                                    ("stored", "Received whole"),
                                    ("opened", "Archive, opened"),
                                    ("cleaned", "De-identified"),
                                    ("duplicate", "Already received"),
                                    ("ignored", "Not an image, ignored"),
                                    ("held", "Held for a person"),
                                    ("refused", "Refused"),
                                ],
                                default="announced",
                                max_length=10,
                            ),
                        ),
                        ("code", models.CharField(blank=True, max_length=60)),
                        ("reason", models.CharField(blank=True, max_length=300)),
                        ("stored_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "looked_at",
                            models.DateTimeField(
                                blank=True,
                                help_text="when its pixels were judged for text",
                                null=True,
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
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="files",
                                to="imaging.submission",
                            ),
                        ),
                        (
                            "held_at",
                            models.DateTimeField(
                                blank=True, help_text="since when a person must look", null=True
                            ),
                        ),
                        (
                            "decision",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="decided_files",
                                to="imaging.holddecision",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("id",),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("submission", "sha256"), name="receivedfile_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="QcReview",
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
                            "level",
                            models.PositiveSmallIntegerField(
                                choices=[
                                    (1, "First level"),
                                    (2, "Second level"),
                                    (3, "Resolution"),
                                ],
                                default=1,
                                verbose_name="level",
                            ),
                        ),
                        (
                            "decision",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("pass", "Pass"),
                                    ("pass_with_deviation", "Pass with deviation"),
                                    ("fail", "Fail"),
                                ],
                                max_length=24,
                                verbose_name="decision",
                            ),
                        ),
                        (
                            "deviation_cause",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("standard_of_care", "Standard of care"),
                                    ("local_rule", "Local radiation or other rule"),
                                    ("equipment", "Equipment"),
                                    ("mistake", "Mistake"),
                                ],
                                max_length=24,
                                verbose_name="cause of the deviation",
                            ),
                        ),
                        ("comment", models.TextField(blank=True, verbose_name="comment")),
                        (
                            "claimed_at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="claimed"),
                        ),
                        (
                            "decided_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="decided"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("open", "Open"),
                                    ("signed", "Signed"),
                                    ("voided", "Reset"),
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
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="qc_review",
                                to="studies.formrecord",
                            ),
                        ),
                        (
                            "reviewer",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="qc_reviews",
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
                                related_name="reviews",
                                to="studies.timepoint",
                            ),
                        ),
                        (
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="reviews",
                                to="imaging.submission",
                            ),
                        ),
                        (
                            "dispositions",
                            models.JSONField(
                                blank=True,
                                default=dict,
                                help_text="second level: finding to the reason why it does no harm",
                                verbose_name="own judgement of findings",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state", "voided"), _negated=True),
                                fields=("submission", "level"),
                                name="qcreview_one_per_level",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("level", 3), ("form_record__isnull", False), _connector="OR"
                                ),
                                name="qcreview_has_checklist",
                            ),
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="HistoricalSubmission",
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
                        ("number", models.PositiveIntegerField(verbose_name="receipt number")),
                        (
                            "file_count",
                            models.PositiveIntegerField(default=0, verbose_name="files"),
                        ),
                        ("byte_count", models.BigIntegerField(default=0, verbose_name="bytes")),
                        (
                            "manifest_digest",
                            models.CharField(
                                blank=True, max_length=64, verbose_name="SHA-256 of the manifest"
                            ),
                        ),
                        (
                            "received_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="received"),
                        ),
                        (
                            "qc_due_at",
                            models.DateTimeField(
                                blank=True, null=True, verbose_name="QC answer due"
                            ),
                        ),
                        ("qc_due_by", models.CharField(blank=True, max_length=120)),
                        (
                            "hold_reason",
                            models.CharField(blank=True, max_length=300, verbose_name="why held"),
                        ),
                        (
                            "lifted_holds",
                            models.JSONField(
                                blank=True,
                                default=list,
                                help_text="reason codes",
                                verbose_name="holds that a person lifted",
                            ),
                        ),
                        (
                            "check_result",
                            models.JSONField(
                                blank=True,
                                default=dict,
                                help_text="counts, series, findings and header values for the form; no identity",
                                verbose_name="checks before sending",
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("draft", "Draft"),
                                    ("uploading", "Uploading"),
                                    ("received", "Received"),
                                    ("deidentified", "De-identified"),
                                    ("in_qc", "In QC"),
                                    ("released", "Released"),
                                    ("held", "Held"),
                                    ("rejected", "Rejected"),
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
                            "answers_query",
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
                            "guideline",
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
                            "profile",
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
                            "sender",
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
                        (
                            "corrects",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="imaging.submission",
                            ),
                        ),
                        (
                            "moved_from",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="imaging.submission",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical submission",
                        "verbose_name_plural": "historical submissions",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalSeries",
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
                            "uid",
                            models.CharField(max_length=64, verbose_name="Series Instance UID"),
                        ),
                        ("original_key", models.CharField(max_length=64)),
                        ("modality", models.CharField(max_length=16, verbose_name="modality")),
                        (
                            "description",
                            models.CharField(
                                blank=True, max_length=120, verbose_name="description"
                            ),
                        ),
                        (
                            "number",
                            models.IntegerField(
                                blank=True, null=True, verbose_name="series number"
                            ),
                        ),
                        (
                            "body_part",
                            models.CharField(blank=True, max_length=32, verbose_name="body part"),
                        ),
                        (
                            "instance_count",
                            models.PositiveIntegerField(default=0, verbose_name="images"),
                        ),
                        ("facts", models.JSONField(default=dict, verbose_name="header facts")),
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
                            "scanner",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="studies.scanner",
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
                            "imaging_study",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="imaging.imagingstudy",
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
                                to="imaging.series",
                            ),
                        ),
                        (
                            "submission",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="imaging.submission",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical series",
                        "verbose_name_plural": "historical series",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalQcReview",
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
                            "level",
                            models.PositiveSmallIntegerField(
                                choices=[
                                    (1, "First level"),
                                    (2, "Second level"),
                                    (3, "Resolution"),
                                ],
                                default=1,
                                verbose_name="level",
                            ),
                        ),
                        (
                            "decision",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("pass", "Pass"),
                                    ("pass_with_deviation", "Pass with deviation"),
                                    ("fail", "Fail"),
                                ],
                                max_length=24,
                                verbose_name="decision",
                            ),
                        ),
                        (
                            "deviation_cause",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("standard_of_care", "Standard of care"),
                                    ("local_rule", "Local radiation or other rule"),
                                    ("equipment", "Equipment"),
                                    ("mistake", "Mistake"),
                                ],
                                max_length=24,
                                verbose_name="cause of the deviation",
                            ),
                        ),
                        ("comment", models.TextField(blank=True, verbose_name="comment")),
                        (
                            "claimed_at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="claimed"),
                        ),
                        (
                            "decided_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="decided"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("open", "Open"),
                                    ("signed", "Signed"),
                                    ("voided", "Reset"),
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
                            "reviewer",
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
                            "submission",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="imaging.submission",
                            ),
                        ),
                        (
                            "dispositions",
                            models.JSONField(
                                blank=True,
                                default=dict,
                                help_text="second level: finding to the reason why it does no harm",
                                verbose_name="own judgement of findings",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical qc review",
                        "verbose_name_plural": "historical qc reviews",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalFinding",
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
                        ("code", models.CharField(max_length=60, verbose_name="code")),
                        (
                            "level",
                            models.CharField(
                                choices=[
                                    ("error", "Must be fixed"),
                                    ("warning", "Must be explained"),
                                    ("info", "For information"),
                                ],
                                max_length=8,
                                verbose_name="level",
                            ),
                        ),
                        ("title", models.CharField(max_length=200, verbose_name="finding")),
                        (
                            "measured",
                            models.CharField(blank=True, max_length=200, verbose_name="measured"),
                        ),
                        (
                            "expected",
                            models.CharField(blank=True, max_length=200, verbose_name="expected"),
                        ),
                        (
                            "what_it_means",
                            models.TextField(blank=True, verbose_name="what it means"),
                        ),
                        ("what_to_do", models.TextField(blank=True, verbose_name="what to do")),
                        (
                            "positions",
                            models.JSONField(
                                blank=True, default=list, verbose_name="slice positions, mm"
                            ),
                        ),
                        (
                            "parameter",
                            models.CharField(blank=True, max_length=60, verbose_name="parameter"),
                        ),
                        (
                            "query_text",
                            models.TextField(blank=True, verbose_name="question to the site"),
                        ),
                        (
                            "source",
                            models.CharField(
                                blank=True,
                                max_length=200,
                                verbose_name="source of the expected value",
                            ),
                        ),
                        (
                            "suppressed_by",
                            models.CharField(
                                blank=True, max_length=120, verbose_name="standing exception"
                            ),
                        ),
                        ("key", models.CharField(max_length=160)),
                        (
                            "explanation",
                            models.CharField(
                                blank=True, max_length=300, verbose_name="explanation"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("open", "Open"),
                                    ("queried", "Asked at the site"),
                                    ("explained", "Explained"),
                                    ("resolved", "Resolved by a correction"),
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
                            "series",
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
                            "submission",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="imaging.submission",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical finding",
                        "verbose_name_plural": "historical findings",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="Finding",
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
                        ("code", models.CharField(max_length=60, verbose_name="code")),
                        (
                            "level",
                            models.CharField(
                                choices=[
                                    ("error", "Must be fixed"),
                                    ("warning", "Must be explained"),
                                    ("info", "For information"),
                                ],
                                max_length=8,
                                verbose_name="level",
                            ),
                        ),
                        ("title", models.CharField(max_length=200, verbose_name="finding")),
                        (
                            "measured",
                            models.CharField(blank=True, max_length=200, verbose_name="measured"),
                        ),
                        (
                            "expected",
                            models.CharField(blank=True, max_length=200, verbose_name="expected"),
                        ),
                        (
                            "what_it_means",
                            models.TextField(blank=True, verbose_name="what it means"),
                        ),
                        ("what_to_do", models.TextField(blank=True, verbose_name="what to do")),
                        (
                            "positions",
                            models.JSONField(
                                blank=True, default=list, verbose_name="slice positions, mm"
                            ),
                        ),
                        (
                            "parameter",
                            models.CharField(blank=True, max_length=60, verbose_name="parameter"),
                        ),
                        (
                            "query_text",
                            models.TextField(blank=True, verbose_name="question to the site"),
                        ),
                        (
                            "source",
                            models.CharField(
                                blank=True,
                                max_length=200,
                                verbose_name="source of the expected value",
                            ),
                        ),
                        (
                            "suppressed_by",
                            models.CharField(
                                blank=True, max_length=120, verbose_name="standing exception"
                            ),
                        ),
                        ("key", models.CharField(max_length=160)),
                        (
                            "explanation",
                            models.CharField(
                                blank=True, max_length=300, verbose_name="explanation"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("open", "Open"),
                                    ("queried", "Asked at the site"),
                                    ("explained", "Explained"),
                                    ("resolved", "Resolved by a correction"),
                                ],
                                default="open",
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
                                related_name="findings",
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
                            "series",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="findings",
                                to="imaging.series",
                            ),
                        ),
                        (
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="findings",
                                to="imaging.submission",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("level", "created_at"),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("submission", "key"), name="finding_once"
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="DeidReport",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("at", models.DateTimeField(default=audit.clock.now)),
                        ("profile_digest", models.CharField(max_length=64)),
                        ("engine_version", models.CharField(max_length=40)),
                        ("document", models.JSONField()),
                        (
                            "study",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="studies.study",
                            ),
                        ),
                        (
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="reports",
                                to="imaging.submission",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("-id",),
                    },
                ),
                migrations.CreateModel(
                    name="HistoricalAttachment",
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
                        ("number", models.PositiveSmallIntegerField(verbose_name="number")),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("pdf", "PDF"),
                                    ("image", "Picture"),
                                    ("office", "Office document"),
                                    ("other", "Other file"),
                                ],
                                max_length=8,
                                verbose_name="kind",
                            ),
                        ),
                        ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                        ("size", models.BigIntegerField(verbose_name="bytes")),
                        ("name_sha256", models.CharField(max_length=64)),
                        (
                            "opened_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="opened"),
                        ),
                        (
                            "problem",
                            models.CharField(blank=True, max_length=60, verbose_name="reason code"),
                        ),
                        (
                            "risks",
                            models.JSONField(
                                blank=True,
                                default=list,
                                help_text="code, count and page; no value",
                                verbose_name="identity risks",
                            ),
                        ),
                        (
                            "pages",
                            models.JSONField(
                                blank=True,
                                default=list,
                                help_text="digest, width and height of each sealed page",
                                verbose_name="pages",
                            ),
                        ),
                        (
                            "masks",
                            models.JSONField(
                                blank=True,
                                default=list,
                                help_text="in pixels of the page",
                                verbose_name="masks",
                            ),
                        ),
                        (
                            "redacted_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="redacted"),
                        ),
                        (
                            "engine_version",
                            models.CharField(blank=True, max_length=40, verbose_name="engine"),
                        ),
                        (
                            "released_sha256",
                            models.CharField(
                                blank=True,
                                max_length=64,
                                verbose_name="SHA-256 of the redacted copy",
                            ),
                        ),
                        (
                            "released_size",
                            models.BigIntegerField(
                                default=0, verbose_name="bytes of the redacted copy"
                            ),
                        ),
                        (
                            "decision_reason",
                            models.CharField(blank=True, max_length=300, verbose_name="reason"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("held", "Held"),
                                    ("redacted", "Redacted"),
                                    ("released", "Released"),
                                    ("refused", "Refused"),
                                    ("removed", "Removed before sending"),
                                ],
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
                            "redacted_by",
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
                            "submission",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="imaging.submission",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical attachment",
                        "verbose_name_plural": "historical attachments",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalHoldDecision",
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
                            "verdict",
                            models.CharField(
                                choices=[
                                    ("clean", "No identity in the picture"),
                                    ("masked", "Identity masked"),
                                    ("left_out", "Left out"),
                                ],
                                max_length=8,
                                verbose_name="decision",
                            ),
                        ),
                        (
                            "reach",
                            models.CharField(
                                choices=[
                                    ("frame", "This frame"),
                                    ("file", "All frames of this file"),
                                    ("series", "The whole series"),
                                    ("alike", "All of the same size and scanner"),
                                ],
                                max_length=8,
                                verbose_name="applied to",
                            ),
                        ),
                        (
                            "files",
                            models.JSONField(
                                default=list, help_text="digests as they came", verbose_name="files"
                            ),
                        ),
                        (
                            "codes",
                            models.JSONField(
                                default=list,
                                help_text="reason codes",
                                verbose_name="holds answered",
                            ),
                        ),
                        (
                            "masks",
                            models.JSONField(
                                blank=True,
                                default=list,
                                help_text="left, top, right, bottom, frame (-1: all)",
                                verbose_name="masks",
                            ),
                        ),
                        (
                            "proposed",
                            models.JSONField(blank=True, default=list, verbose_name="boxes found"),
                        ),
                        ("reason", models.CharField(max_length=300, verbose_name="reason")),
                        ("engine_version", models.CharField(max_length=40, verbose_name="engine")),
                        (
                            "decided_at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="decided"),
                        ),
                        (
                            "needs_second",
                            models.BooleanField(
                                default=False, verbose_name="waits for a second look"
                            ),
                        ),
                        (
                            "second_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="second look"),
                        ),
                        (
                            "second_reason",
                            models.CharField(
                                blank=True, max_length=300, verbose_name="second look: reason"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("proposed", "Waits for a second look"),
                                    ("effective", "Effective"),
                                    ("refused", "Refused by the second look"),
                                    ("superseded", "Superseded"),
                                ],
                                default="proposed",
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
                            "decided_by",
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
                            "second_by",
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
                            "submission",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="imaging.submission",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical hold decision",
                        "verbose_name_plural": "historical hold decisions",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HoldDecision",
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
                            "verdict",
                            models.CharField(
                                choices=[
                                    ("clean", "No identity in the picture"),
                                    ("masked", "Identity masked"),
                                    ("left_out", "Left out"),
                                ],
                                max_length=8,
                                verbose_name="decision",
                            ),
                        ),
                        (
                            "reach",
                            models.CharField(
                                choices=[
                                    ("frame", "This frame"),
                                    ("file", "All frames of this file"),
                                    ("series", "The whole series"),
                                    ("alike", "All of the same size and scanner"),
                                ],
                                max_length=8,
                                verbose_name="applied to",
                            ),
                        ),
                        (
                            "files",
                            models.JSONField(
                                default=list, help_text="digests as they came", verbose_name="files"
                            ),
                        ),
                        (
                            "codes",
                            models.JSONField(
                                default=list,
                                help_text="reason codes",
                                verbose_name="holds answered",
                            ),
                        ),
                        (
                            "masks",
                            models.JSONField(
                                blank=True,
                                default=list,
                                help_text="left, top, right, bottom, frame (-1: all)",
                                verbose_name="masks",
                            ),
                        ),
                        (
                            "proposed",
                            models.JSONField(blank=True, default=list, verbose_name="boxes found"),
                        ),
                        ("reason", models.CharField(max_length=300, verbose_name="reason")),
                        ("engine_version", models.CharField(max_length=40, verbose_name="engine")),
                        (
                            "decided_at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="decided"),
                        ),
                        (
                            "needs_second",
                            models.BooleanField(
                                default=False, verbose_name="waits for a second look"
                            ),
                        ),
                        (
                            "second_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="second look"),
                        ),
                        (
                            "second_reason",
                            models.CharField(
                                blank=True, max_length=300, verbose_name="second look: reason"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("proposed", "Waits for a second look"),
                                    ("effective", "Effective"),
                                    ("refused", "Refused by the second look"),
                                    ("superseded", "Superseded"),
                                ],
                                default="proposed",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "decided_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="hold_decisions",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "second_by",
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
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="hold_decisions",
                                to="imaging.submission",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("decided_at",),
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="Screening",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("modality", models.CharField(blank=True, max_length=16)),
                        (
                            "label",
                            models.CharField(
                                blank=True, help_text="kind of object, no identity", max_length=80
                            ),
                        ),
                        ("series_key", models.CharField(blank=True, max_length=64)),
                        ("alike_key", models.CharField(blank=True, max_length=64)),
                        (
                            "position",
                            models.PositiveIntegerField(default=0, help_text="order in its series"),
                        ),
                        ("frames", models.PositiveIntegerField(default=0)),
                        ("rows", models.PositiveIntegerField(default=0)),
                        ("columns", models.PositiveIntegerField(default=0)),
                        (
                            "pictures",
                            models.JSONField(
                                default=list,
                                help_text="[frame, digest] of each picture; frame -1: all frames over another",
                            ),
                        ),
                        (
                            "boxes",
                            models.JSONField(
                                default=list, help_text="frame, left, top, right, bottom, score"
                            ),
                        ),
                        ("score", models.FloatField(default=0.0, help_text="suspicion, 0 to 1")),
                        ("pixel_sha256", models.CharField(blank=True, max_length=64)),
                        ("problem", models.CharField(blank=True, max_length=60)),
                        ("engine_version", models.CharField(blank=True, max_length=40)),
                        ("made_at", models.DateTimeField(default=audit.clock.now)),
                        (
                            "file",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="screening",
                                to="imaging.receivedfile",
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
                        "ordering": ("series_key", "position", "id"),
                    },
                ),
                migrations.CreateModel(
                    name="Attachment",
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
                        ("number", models.PositiveSmallIntegerField(verbose_name="number")),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("pdf", "PDF"),
                                    ("image", "Picture"),
                                    ("office", "Office document"),
                                    ("other", "Other file"),
                                ],
                                max_length=8,
                                verbose_name="kind",
                            ),
                        ),
                        ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                        ("size", models.BigIntegerField(verbose_name="bytes")),
                        ("name_sha256", models.CharField(max_length=64)),
                        (
                            "opened_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="opened"),
                        ),
                        (
                            "problem",
                            models.CharField(blank=True, max_length=60, verbose_name="reason code"),
                        ),
                        (
                            "risks",
                            models.JSONField(
                                blank=True,
                                default=list,
                                help_text="code, count and page; no value",
                                verbose_name="identity risks",
                            ),
                        ),
                        (
                            "pages",
                            models.JSONField(
                                blank=True,
                                default=list,
                                help_text="digest, width and height of each sealed page",
                                verbose_name="pages",
                            ),
                        ),
                        (
                            "masks",
                            models.JSONField(
                                blank=True,
                                default=list,
                                help_text="in pixels of the page",
                                verbose_name="masks",
                            ),
                        ),
                        (
                            "redacted_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="redacted"),
                        ),
                        (
                            "engine_version",
                            models.CharField(blank=True, max_length=40, verbose_name="engine"),
                        ),
                        (
                            "released_sha256",
                            models.CharField(
                                blank=True,
                                max_length=64,
                                verbose_name="SHA-256 of the redacted copy",
                            ),
                        ),
                        (
                            "released_size",
                            models.BigIntegerField(
                                default=0, verbose_name="bytes of the redacted copy"
                            ),
                        ),
                        (
                            "decision_reason",
                            models.CharField(blank=True, max_length=300, verbose_name="reason"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("held", "Held"),
                                    ("redacted", "Redacted"),
                                    ("released", "Released"),
                                    ("refused", "Refused"),
                                    ("removed", "Removed before sending"),
                                ],
                                default="held",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "redacted_by",
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
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="attachments",
                                to="imaging.submission",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("number",),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("submission", "number"), name="attachment_number_once"
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="HistoricalLateImages",
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
                        ("due_at", models.DateTimeField(verbose_name="decision due")),
                        ("due_by", models.CharField(max_length=120)),
                        (
                            "decision",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("no_effect", "No effect on the reads"),
                                    ("re_read", "Read the time point again"),
                                    ("rollback", "Roll back this and later time points"),
                                ],
                                max_length=12,
                                verbose_name="decision",
                            ),
                        ),
                        ("reason", models.TextField(blank=True, verbose_name="reason")),
                        (
                            "decided_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="decided"),
                        ),
                        (
                            "outcome",
                            models.JSONField(
                                blank=True, default=list, verbose_name="what became of it"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("open", "Waits for science"),
                                    ("decided", "Decided, to be carried out"),
                                    ("carried_out", "Carried out"),
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
                            "decided_by",
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
                            "submission",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="imaging.submission",
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
                        "verbose_name": "historical late images",
                        "verbose_name_plural": "historical late images",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalSiteException",
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
                        ("code", models.CharField(max_length=60, verbose_name="finding")),
                        (
                            "parameter",
                            models.CharField(blank=True, max_length=60, verbose_name="parameter"),
                        ),
                        (
                            "modality",
                            models.CharField(blank=True, max_length=16, verbose_name="modality"),
                        ),
                        ("reason", models.TextField(verbose_name="reason")),
                        ("valid_from", models.DateField(verbose_name="from")),
                        (
                            "valid_until",
                            models.DateField(blank=True, null=True, verbose_name="until"),
                        ),
                        (
                            "approved_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="approved"),
                        ),
                        (
                            "ended_on",
                            models.DateField(blank=True, null=True, verbose_name="ended on"),
                        ),
                        (
                            "end_reason",
                            models.CharField(blank=True, max_length=300, verbose_name="why ended"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("proposed", "Proposed"),
                                    ("approved", "Approved"),
                                    ("ended", "Ended"),
                                    ("declined", "Declined"),
                                ],
                                default="proposed",
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
                            "approved_by",
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
                    ],
                    options={
                        "verbose_name": "historical site exception",
                        "verbose_name_plural": "historical site exceptions",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="LateImages",
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
                        ("due_at", models.DateTimeField(verbose_name="decision due")),
                        ("due_by", models.CharField(max_length=120)),
                        (
                            "decision",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("no_effect", "No effect on the reads"),
                                    ("re_read", "Read the time point again"),
                                    ("rollback", "Roll back this and later time points"),
                                ],
                                max_length=12,
                                verbose_name="decision",
                            ),
                        ),
                        ("reason", models.TextField(blank=True, verbose_name="reason")),
                        (
                            "decided_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="decided"),
                        ),
                        (
                            "outcome",
                            models.JSONField(
                                blank=True, default=list, verbose_name="what became of it"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("open", "Waits for science"),
                                    ("decided", "Decided, to be carried out"),
                                    ("carried_out", "Carried out"),
                                ],
                                default="open",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "decided_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "package",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="imaging.readpackage",
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
                            "submission",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="late",
                                to="imaging.submission",
                            ),
                        ),
                        (
                            "time_point",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="late_images",
                                to="studies.timepoint",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "late images",
                        "ordering": ("-created_at",),
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="QcDraw",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("seed", models.CharField(max_length=32)),
                        ("percent", models.PositiveSmallIntegerField()),
                        (
                            "number",
                            models.DecimalField(
                                decimal_places=2, help_text="0.00 to 99.99", max_digits=5
                            ),
                        ),
                        ("drawn", models.BooleanField()),
                        ("by", models.CharField(max_length=160, verbose_name="plan")),
                        ("at", models.DateTimeField(default=audit.clock.now)),
                        (
                            "review",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="draw",
                                to="imaging.qcreview",
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
                ),
                migrations.CreateModel(
                    name="SiteException",
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
                        ("code", models.CharField(max_length=60, verbose_name="finding")),
                        (
                            "parameter",
                            models.CharField(blank=True, max_length=60, verbose_name="parameter"),
                        ),
                        (
                            "modality",
                            models.CharField(blank=True, max_length=16, verbose_name="modality"),
                        ),
                        ("reason", models.TextField(verbose_name="reason")),
                        ("valid_from", models.DateField(verbose_name="from")),
                        (
                            "valid_until",
                            models.DateField(blank=True, null=True, verbose_name="until"),
                        ),
                        (
                            "approved_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="approved"),
                        ),
                        (
                            "ended_on",
                            models.DateField(blank=True, null=True, verbose_name="ended on"),
                        ),
                        (
                            "end_reason",
                            models.CharField(blank=True, max_length=300, verbose_name="why ended"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("proposed", "Proposed"),
                                    ("approved", "Approved"),
                                    ("ended", "Ended"),
                                    ("declined", "Declined"),
                                ],
                                default="proposed",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "approved_by",
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
                            "study_site",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="exceptions",
                                to="studies.studysite",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("-number",),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("study", "number"), name="siteexception_number_once"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("valid_until", None),
                                    ("valid_until__gte", models.F("valid_from")),
                                    _connector="OR",
                                ),
                                name="siteexception_period",
                            ),
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="HistoricalPhantomScan",
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
                        ("programme", models.CharField(max_length=40, verbose_name="phantom")),
                        ("number", models.PositiveIntegerField(verbose_name="number")),
                        (
                            "occasion",
                            models.CharField(
                                choices=[
                                    ("first", "First qualification"),
                                    ("scheduled", "Scheduled requalification"),
                                    ("change", "Repair, move or new software"),
                                    ("repeat", "Repeat after a failure"),
                                ],
                                max_length=10,
                                verbose_name="occasion",
                            ),
                        ),
                        (
                            "scan_date",
                            models.DateField(blank=True, null=True, verbose_name="scan date"),
                        ),
                        (
                            "background_kbq_ml",
                            models.DecimalField(
                                blank=True,
                                decimal_places=4,
                                max_digits=9,
                                null=True,
                                verbose_name="background, kBq/ml",
                            ),
                        ),
                        (
                            "sphere_kbq_ml",
                            models.DecimalField(
                                blank=True,
                                decimal_places=4,
                                max_digits=9,
                                null=True,
                                verbose_name="spheres, kBq/ml",
                            ),
                        ),
                        (
                            "comment",
                            models.CharField(
                                blank=True, max_length=500, verbose_name="comment of the site"
                            ),
                        ),
                        (
                            "files",
                            models.JSONField(
                                blank=True,
                                default=list,
                                help_text="SHA-256, bytes and whether it has arrived",
                                verbose_name="files",
                            ),
                        ),
                        (
                            "received_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="received"),
                        ),
                        (
                            "engine_version",
                            models.CharField(blank=True, max_length=40, verbose_name="engine"),
                        ),
                        (
                            "header",
                            models.JSONField(
                                blank=True,
                                default=dict,
                                help_text="scanner, date, series; no names",
                                verbose_name="header facts",
                            ),
                        ),
                        (
                            "figures",
                            models.JSONField(
                                blank=True,
                                default=list,
                                help_text="metric, value, limits, verdict",
                                verbose_name="figures",
                            ),
                        ),
                        ("picture_sha256", models.CharField(blank=True, max_length=64)),
                        (
                            "problem",
                            models.CharField(
                                blank=True, max_length=300, verbose_name="why not measured"
                            ),
                        ),
                        (
                            "decided_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="decided"),
                        ),
                        (
                            "decision_comment",
                            models.CharField(
                                blank=True, max_length=500, verbose_name="comment of the decision"
                            ),
                        ),
                        (
                            "qualified_until",
                            models.DateField(blank=True, null=True, verbose_name="qualified until"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("draft", "Draft"),
                                    ("received", "Received"),
                                    ("measured", "Measured"),
                                    ("returned", "Returned to the site"),
                                    ("qualified", "Passed"),
                                    ("failed", "Failed"),
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
                            "decided_by",
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
                            "plan",
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
                            "scanner",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="studies.scanner",
                            ),
                        ),
                        (
                            "sender",
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
                    ],
                    options={
                        "verbose_name": "historical phantom scan",
                        "verbose_name_plural": "historical phantom scans",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalSiteCleaning",
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
                            "profile_digest",
                            models.CharField(max_length=64, verbose_name="SHA-256 of the profile"),
                        ),
                        (
                            "handed_at",
                            models.DateTimeField(
                                default=audit.clock.now, verbose_name="handed out"
                            ),
                        ),
                        (
                            "reported_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="reported"),
                        ),
                        (
                            "engine_version",
                            models.CharField(
                                blank=True, max_length=40, verbose_name="engine at the site"
                            ),
                        ),
                        (
                            "cleaned",
                            models.PositiveIntegerField(
                                default=0, verbose_name="files cleaned at the site"
                            ),
                        ),
                        (
                            "not_sent",
                            models.JSONField(
                                blank=True,
                                default=list,
                                help_text="reason code and count; no names",
                                verbose_name="not sent",
                            ),
                        ),
                        ("patient_key", models.CharField(blank=True, max_length=64)),
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
                            "handed_to",
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
                            "submission",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="imaging.submission",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical site cleaning",
                        "verbose_name_plural": "historical site cleanings",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="SiteCleaning",
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
                            "profile_digest",
                            models.CharField(max_length=64, verbose_name="SHA-256 of the profile"),
                        ),
                        (
                            "handed_at",
                            models.DateTimeField(
                                default=audit.clock.now, verbose_name="handed out"
                            ),
                        ),
                        (
                            "reported_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="reported"),
                        ),
                        (
                            "engine_version",
                            models.CharField(
                                blank=True, max_length=40, verbose_name="engine at the site"
                            ),
                        ),
                        (
                            "cleaned",
                            models.PositiveIntegerField(
                                default=0, verbose_name="files cleaned at the site"
                            ),
                        ),
                        (
                            "not_sent",
                            models.JSONField(
                                blank=True,
                                default=list,
                                help_text="reason code and count; no names",
                                verbose_name="not sent",
                            ),
                        ),
                        ("patient_key", models.CharField(blank=True, max_length=64)),
                        (
                            "handed_to",
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
                            "submission",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="site_cleaning",
                                to="imaging.submission",
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
                    name="PhantomScan",
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
                        ("programme", models.CharField(max_length=40, verbose_name="phantom")),
                        ("number", models.PositiveIntegerField(verbose_name="number")),
                        (
                            "occasion",
                            models.CharField(
                                choices=[
                                    ("first", "First qualification"),
                                    ("scheduled", "Scheduled requalification"),
                                    ("change", "Repair, move or new software"),
                                    ("repeat", "Repeat after a failure"),
                                ],
                                max_length=10,
                                verbose_name="occasion",
                            ),
                        ),
                        (
                            "scan_date",
                            models.DateField(blank=True, null=True, verbose_name="scan date"),
                        ),
                        (
                            "background_kbq_ml",
                            models.DecimalField(
                                blank=True,
                                decimal_places=4,
                                max_digits=9,
                                null=True,
                                verbose_name="background, kBq/ml",
                            ),
                        ),
                        (
                            "sphere_kbq_ml",
                            models.DecimalField(
                                blank=True,
                                decimal_places=4,
                                max_digits=9,
                                null=True,
                                verbose_name="spheres, kBq/ml",
                            ),
                        ),
                        (
                            "comment",
                            models.CharField(
                                blank=True, max_length=500, verbose_name="comment of the site"
                            ),
                        ),
                        (
                            "files",
                            models.JSONField(
                                blank=True,
                                default=list,
                                help_text="SHA-256, bytes and whether it has arrived",
                                verbose_name="files",
                            ),
                        ),
                        (
                            "received_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="received"),
                        ),
                        (
                            "engine_version",
                            models.CharField(blank=True, max_length=40, verbose_name="engine"),
                        ),
                        (
                            "header",
                            models.JSONField(
                                blank=True,
                                default=dict,
                                help_text="scanner, date, series; no names",
                                verbose_name="header facts",
                            ),
                        ),
                        (
                            "figures",
                            models.JSONField(
                                blank=True,
                                default=list,
                                help_text="metric, value, limits, verdict",
                                verbose_name="figures",
                            ),
                        ),
                        ("picture_sha256", models.CharField(blank=True, max_length=64)),
                        (
                            "problem",
                            models.CharField(
                                blank=True, max_length=300, verbose_name="why not measured"
                            ),
                        ),
                        (
                            "decided_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="decided"),
                        ),
                        (
                            "decision_comment",
                            models.CharField(
                                blank=True, max_length=500, verbose_name="comment of the decision"
                            ),
                        ),
                        (
                            "qualified_until",
                            models.DateField(blank=True, null=True, verbose_name="qualified until"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("draft", "Draft"),
                                    ("received", "Received"),
                                    ("measured", "Measured"),
                                    ("returned", "Returned to the site"),
                                    ("qualified", "Passed"),
                                    ("failed", "Failed"),
                                    ("withdrawn", "Withdrawn"),
                                ],
                                default="draft",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "decided_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "plan",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="studies.configuration",
                            ),
                        ),
                        (
                            "scanner",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="phantom_scans",
                                to="studies.scanner",
                            ),
                        ),
                        (
                            "sender",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="phantom_scans",
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
                                related_name="phantom_scans",
                                to="studies.studysite",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("-number",),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("study", "number"), name="phantomscan_number_once"
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="Arrival",
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
                            "door",
                            models.CharField(
                                choices=[
                                    ("rest", "Interface (REST)"),
                                    ("stow", "DICOMweb (STOW-RS)"),
                                    ("dicom", "DICOM network (C-STORE)"),
                                    ("folder", "Courier's disk (folder)"),
                                ],
                                max_length=8,
                                verbose_name="door",
                            ),
                        ),
                        ("source", models.CharField(max_length=120, verbose_name="sender")),
                        ("number", models.PositiveIntegerField(verbose_name="number")),
                        (
                            "directions",
                            models.JSONField(
                                blank=True,
                                default=dict,
                                help_text="keyed hash of an identity -> subject and time point",
                            ),
                        ),
                        ("quiet_seconds", models.PositiveIntegerField(default=300)),
                        (
                            "file_count",
                            models.PositiveIntegerField(default=0, verbose_name="files"),
                        ),
                        ("byte_count", models.BigIntegerField(default=0, verbose_name="bytes")),
                        (
                            "opened_at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="opened"),
                        ),
                        (
                            "last_file_at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="last file"),
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
                                    ("closed", "Closed"),
                                    ("sorted", "Sorted"),
                                ],
                                default="open",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "responsible",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="arrivals",
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
                                related_name="arrivals",
                                to="studies.studysite",
                            ),
                        ),
                        (
                            "peer",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="arrivals",
                                to="imaging.dicompeer",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("-number",),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("study", "number"), name="arrival_number_once"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state", "open")),
                                fields=("study", "study_site", "door", "source"),
                                name="arrival_one_open_per_sender",
                            ),
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="ArrivedExamination",
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
                        ("patient_key", models.CharField(blank=True, max_length=64)),
                        ("study_key", models.CharField(blank=True, max_length=64)),
                        (
                            "facts",
                            models.JSONField(
                                default=dict,
                                help_text="modalities, series, images",
                                verbose_name="what it holds",
                            ),
                        ),
                        (
                            "scan_date",
                            models.DateField(blank=True, null=True, verbose_name="scan date"),
                        ),
                        (
                            "why",
                            models.CharField(
                                blank=True, max_length=200, verbose_name="why not assigned"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("unassigned", "Unassigned"),
                                    ("assigned", "Assigned"),
                                    ("delivered", "In the submission"),
                                    ("set_aside", "Set aside"),
                                ],
                                default="unassigned",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "arrival",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="examinations",
                                to="imaging.arrival",
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
                                related_name="+",
                                to="studies.studysite",
                            ),
                        ),
                        (
                            "subject",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="arrived",
                                to="studies.subject",
                            ),
                        ),
                        (
                            "submission",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="arrived",
                                to="imaging.submission",
                            ),
                        ),
                        (
                            "time_point",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="arrived",
                                to="studies.timepoint",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("arrival__number", "number"),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("arrival", "number"), name="arrivedexamination_number_once"
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="ArrivedFile",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("sha256", models.CharField(max_length=64)),
                        ("size", models.BigIntegerField()),
                        (
                            "outcome",
                            models.CharField(
                                choices=[
                                    ("stored", "Received whole"),
                                    ("delivered", "In a submission"),
                                    ("ignored", "Not an image, ignored"),
                                    ("refused", "Refused"),
                                ],
                                default="stored",
                                max_length=10,
                            ),
                        ),
                        ("code", models.CharField(blank=True, max_length=60)),
                        ("reason", models.CharField(blank=True, max_length=300)),
                        ("stored_at", models.DateTimeField(default=audit.clock.now)),
                        (
                            "arrival",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="files",
                                to="imaging.arrival",
                            ),
                        ),
                        (
                            "examination",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="files",
                                to="imaging.arrivedexamination",
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
                        "ordering": ("id",),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("arrival", "sha256"), name="arrivedfile_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ConsentWithdrawal",
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
                        ("withdrawn_on", models.DateField(verbose_name="withdrawn on")),
                        (
                            "scope",
                            models.CharField(
                                choices=[
                                    ("collection", "No further images"),
                                    ("processing", "No further images and no further reading"),
                                    ("use", "No use of the images at all"),
                                ],
                                max_length=12,
                                verbose_name="scope",
                            ),
                        ),
                        ("source", models.CharField(max_length=200, verbose_name="reported by")),
                        ("reason", models.TextField(blank=True, verbose_name="note")),
                        (
                            "policy",
                            models.JSONField(default=dict, verbose_name="rule of the protocol"),
                        ),
                        ("state_before", models.CharField(max_length=24)),
                        (
                            "recorded_at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="recorded"),
                        ),
                        (
                            "done_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="carried out"),
                        ),
                        (
                            "outcome",
                            models.JSONField(default=dict, verbose_name="what became of it"),
                        ),
                        (
                            "corrected_reason",
                            models.CharField(
                                blank=True, max_length=300, verbose_name="why corrected"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("effective", "Effective"),
                                    ("corrected", "Corrected: recorded in error"),
                                ],
                                default="effective",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "recorded_by",
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
                                related_name="withdrawals",
                                to="studies.subject",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("-recorded_at",),
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state", "effective")),
                                fields=("subject",),
                                name="consentwithdrawal_one_effective",
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="DicomPeer",
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
                            "calling_title",
                            models.CharField(max_length=16, verbose_name="AE title of the site"),
                        ),
                        (
                            "called_title",
                            models.CharField(
                                default="ICRO", max_length=16, verbose_name="our AE title"
                            ),
                        ),
                        (
                            "addresses",
                            models.CharField(
                                help_text="IP addresses or networks, separated by commas",
                                max_length=200,
                                verbose_name="addresses",
                            ),
                        ),
                        (
                            "quiet_seconds",
                            models.PositiveIntegerField(
                                default=300,
                                validators=[
                                    django.core.validators.MinValueValidator(5),
                                    django.core.validators.MaxValueValidator(86400),
                                ],
                                verbose_name="closes after quiet, s",
                            ),
                        ),
                        (
                            "ended_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="ended"),
                        ),
                        (
                            "end_reason",
                            models.CharField(blank=True, max_length=300, verbose_name="why ended"),
                        ),
                        (
                            "responsible",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="dicom_peers",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="responsible at the site",
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
                                related_name="dicom_peers",
                                to="studies.studysite",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("calling_title", "-created_at"),
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("ended_at", None)),
                                fields=("calling_title", "called_title"),
                                name="dicompeer_pair_once",
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="HistoricalArrival",
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
                            "door",
                            models.CharField(
                                choices=[
                                    ("rest", "Interface (REST)"),
                                    ("stow", "DICOMweb (STOW-RS)"),
                                    ("dicom", "DICOM network (C-STORE)"),
                                    ("folder", "Courier's disk (folder)"),
                                ],
                                max_length=8,
                                verbose_name="door",
                            ),
                        ),
                        ("source", models.CharField(max_length=120, verbose_name="sender")),
                        ("number", models.PositiveIntegerField(verbose_name="number")),
                        (
                            "directions",
                            models.JSONField(
                                blank=True,
                                default=dict,
                                help_text="keyed hash of an identity -> subject and time point",
                            ),
                        ),
                        ("quiet_seconds", models.PositiveIntegerField(default=300)),
                        (
                            "file_count",
                            models.PositiveIntegerField(default=0, verbose_name="files"),
                        ),
                        ("byte_count", models.BigIntegerField(default=0, verbose_name="bytes")),
                        (
                            "opened_at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="opened"),
                        ),
                        (
                            "last_file_at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="last file"),
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
                                    ("closed", "Closed"),
                                    ("sorted", "Sorted"),
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
                            "peer",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="imaging.dicompeer",
                            ),
                        ),
                        (
                            "responsible",
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
                    ],
                    options={
                        "verbose_name": "historical arrival",
                        "verbose_name_plural": "historical arrivals",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalArrivedExamination",
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
                        ("patient_key", models.CharField(blank=True, max_length=64)),
                        ("study_key", models.CharField(blank=True, max_length=64)),
                        (
                            "facts",
                            models.JSONField(
                                default=dict,
                                help_text="modalities, series, images",
                                verbose_name="what it holds",
                            ),
                        ),
                        (
                            "scan_date",
                            models.DateField(blank=True, null=True, verbose_name="scan date"),
                        ),
                        (
                            "why",
                            models.CharField(
                                blank=True, max_length=200, verbose_name="why not assigned"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("unassigned", "Unassigned"),
                                    ("assigned", "Assigned"),
                                    ("delivered", "In the submission"),
                                    ("set_aside", "Set aside"),
                                ],
                                default="unassigned",
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
                            "arrival",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="imaging.arrival",
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
                            "submission",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="imaging.submission",
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
                        "verbose_name": "historical arrived examination",
                        "verbose_name_plural": "historical arrived examinations",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalConsentWithdrawal",
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
                        ("withdrawn_on", models.DateField(verbose_name="withdrawn on")),
                        (
                            "scope",
                            models.CharField(
                                choices=[
                                    ("collection", "No further images"),
                                    ("processing", "No further images and no further reading"),
                                    ("use", "No use of the images at all"),
                                ],
                                max_length=12,
                                verbose_name="scope",
                            ),
                        ),
                        ("source", models.CharField(max_length=200, verbose_name="reported by")),
                        ("reason", models.TextField(blank=True, verbose_name="note")),
                        (
                            "policy",
                            models.JSONField(default=dict, verbose_name="rule of the protocol"),
                        ),
                        ("state_before", models.CharField(max_length=24)),
                        (
                            "recorded_at",
                            models.DateTimeField(default=audit.clock.now, verbose_name="recorded"),
                        ),
                        (
                            "done_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="carried out"),
                        ),
                        (
                            "outcome",
                            models.JSONField(default=dict, verbose_name="what became of it"),
                        ),
                        (
                            "corrected_reason",
                            models.CharField(
                                blank=True, max_length=300, verbose_name="why corrected"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("effective", "Effective"),
                                    ("corrected", "Corrected: recorded in error"),
                                ],
                                default="effective",
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
                            "recorded_by",
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
                        "verbose_name": "historical consent withdrawal",
                        "verbose_name_plural": "historical consent withdrawals",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalDicomPeer",
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
                            "calling_title",
                            models.CharField(max_length=16, verbose_name="AE title of the site"),
                        ),
                        (
                            "called_title",
                            models.CharField(
                                default="ICRO", max_length=16, verbose_name="our AE title"
                            ),
                        ),
                        (
                            "addresses",
                            models.CharField(
                                help_text="IP addresses or networks, separated by commas",
                                max_length=200,
                                verbose_name="addresses",
                            ),
                        ),
                        (
                            "quiet_seconds",
                            models.PositiveIntegerField(
                                default=300,
                                validators=[
                                    django.core.validators.MinValueValidator(5),
                                    django.core.validators.MaxValueValidator(86400),
                                ],
                                verbose_name="closes after quiet, s",
                            ),
                        ),
                        (
                            "ended_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="ended"),
                        ),
                        (
                            "end_reason",
                            models.CharField(blank=True, max_length=300, verbose_name="why ended"),
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
                            "responsible",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="responsible at the site",
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
                    ],
                    options={
                        "verbose_name": "historical dicom peer",
                        "verbose_name_plural": "historical dicom peers",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalMove",
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
                            "series_uids",
                            models.JSONField(
                                default=list,
                                help_text="empty: the whole submission; else Series Instance UIDs",
                                verbose_name="series",
                            ),
                        ),
                        ("reason", models.TextField(verbose_name="reason")),
                        ("effects", models.JSONField(default=list, verbose_name="effects")),
                        (
                            "carried_out_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="carried out"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("planned", "Planned"),
                                    ("carried_out", "Carried out"),
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
                            "planned_by",
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
                            "result",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="imaging.submission",
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
                            "submission",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="imaging.submission",
                            ),
                        ),
                        (
                            "target",
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
                        "verbose_name": "historical move",
                        "verbose_name_plural": "historical moves",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="Move",
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
                            "series_uids",
                            models.JSONField(
                                default=list,
                                help_text="empty: the whole submission; else Series Instance UIDs",
                                verbose_name="series",
                            ),
                        ),
                        ("reason", models.TextField(verbose_name="reason")),
                        ("effects", models.JSONField(default=list, verbose_name="effects")),
                        (
                            "carried_out_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="carried out"),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("planned", "Planned"),
                                    ("carried_out", "Carried out"),
                                    ("cancelled", "Cancelled"),
                                ],
                                default="planned",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "planned_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "result",
                            models.OneToOneField(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="moved_by",
                                to="imaging.submission",
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
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="moves",
                                to="imaging.submission",
                            ),
                        ),
                        (
                            "target",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="moves_here",
                                to="studies.timepoint",
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
                    name="Destruction",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        (
                            "what",
                            models.CharField(
                                choices=[
                                    ("originals", "Original files"),
                                    ("outputs", "Clean images and pictures"),
                                ],
                                max_length=12,
                            ),
                        ),
                        ("count", models.PositiveIntegerField()),
                        ("byte_count", models.BigIntegerField()),
                        ("list_digest", models.CharField(max_length=64)),
                        ("method", models.CharField(max_length=120)),
                        ("reason", models.CharField(max_length=300)),
                        ("by", models.CharField(max_length=200)),
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
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="destructions",
                                to="imaging.submission",
                            ),
                        ),
                        (
                            "withdrawal",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="destructions",
                                to="imaging.consentwithdrawal",
                            ),
                        ),
                        (
                            "move",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="destructions",
                                to="imaging.move",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("id",),
                    },
                ),
                migrations.CreateModel(
                    name="Sweep",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("started_at", models.DateTimeField()),
                        ("finished_at", models.DateTimeField(default=audit.clock.now)),
                        (
                            "objects_read",
                            models.PositiveIntegerField(default=0, verbose_name="objects read"),
                        ),
                        (
                            "bytes_read",
                            models.BigIntegerField(default=0, verbose_name="bytes read"),
                        ),
                        (
                            "faults",
                            models.JSONField(
                                default=list, help_text="store, object and what is wrong"
                            ),
                        ),
                        ("fault_count", models.PositiveIntegerField(default=0)),
                    ],
                    options={
                        "ordering": ("-id",),
                    },
                ),
                migrations.CreateModel(
                    name="InstanceIndex",
                    fields=[
                        (
                            "instance",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                primary_key=True,
                                related_name="index",
                                serialize=False,
                                to="imaging.instance",
                            ),
                        ),
                        ("sop_instance_uid", models.CharField(max_length=64)),
                        ("sop_class_uid", models.CharField(max_length=64)),
                        ("transfer_syntax", models.CharField(max_length=64)),
                        ("number", models.IntegerField(null=True)),
                        ("rows", models.PositiveIntegerField(default=0)),
                        ("columns", models.PositiveIntegerField(default=0)),
                        ("frames", models.PositiveIntegerField(default=0)),
                        ("bits_allocated", models.PositiveSmallIntegerField(default=0)),
                        ("sha256", models.CharField(max_length=64)),
                        ("size", models.BigIntegerField()),
                        ("pixel_at", models.BigIntegerField(null=True)),
                        ("frame_bytes", models.BigIntegerField(default=0)),
                        ("fragments", models.JSONField(null=True)),
                        ("bulk", models.JSONField(default=list)),
                        ("document_at", models.BigIntegerField(default=0)),
                        ("document_bytes", models.IntegerField(default=0)),
                        (
                            "series",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="imaging.series",
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
                        "indexes": [
                            models.Index(
                                fields=["series", "number", "instance"],
                                name="instanceindex_in_series",
                            ),
                            models.Index(
                                fields=["study", "sop_instance_uid"], name="instanceindex_by_uid"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SeriesDocument",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("view", models.CharField(blank=True, max_length=64)),
                        (
                            "members",
                            models.CharField(max_length=64, verbose_name="SHA-256 of the members"),
                        ),
                        ("sha256", models.CharField(max_length=64)),
                        ("size", models.BigIntegerField()),
                        ("made_at", models.DateTimeField(default=audit.clock.now)),
                        (
                            "series",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="documents",
                                to="imaging.series",
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
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("series", "view", "members", "sha256"),
                                name="seriesdocument_once",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SeriesIndex",
                    fields=[
                        (
                            "series",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                primary_key=True,
                                related_name="index",
                                serialize=False,
                                to="imaging.series",
                            ),
                        ),
                        (
                            "study_uid",
                            models.CharField(max_length=64, verbose_name="Study Instance UID"),
                        ),
                        (
                            "uid",
                            models.CharField(max_length=64, verbose_name="Series Instance UID"),
                        ),
                        ("modality", models.CharField(max_length=16, verbose_name="modality")),
                        (
                            "number",
                            models.IntegerField(
                                blank=True, null=True, verbose_name="series number"
                            ),
                        ),
                        (
                            "instance_count",
                            models.PositiveIntegerField(default=0, verbose_name="instances"),
                        ),
                        ("attributes", models.JSONField(default=dict)),
                        (
                            "members",
                            models.CharField(max_length=64, verbose_name="SHA-256 of the members"),
                        ),
                        ("indexed_at", models.DateTimeField(default=audit.clock.now)),
                        (
                            "imaging_study",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="imaging.imagingstudy",
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
                        "indexes": [
                            models.Index(fields=["study", "uid"], name="seriesindex_by_uid"),
                            models.Index(
                                fields=["study", "study_uid"], name="seriesindex_by_study"
                            ),
                            models.Index(fields=["imaging_study"], name="seriesindex_of_study"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="StudyIndex",
                    fields=[
                        (
                            "imaging_study",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                primary_key=True,
                                related_name="index",
                                serialize=False,
                                to="imaging.imagingstudy",
                            ),
                        ),
                        ("uid", models.CharField(max_length=64, verbose_name="Study Instance UID")),
                        (
                            "study_date",
                            models.CharField(blank=True, max_length=8, verbose_name="Study Date"),
                        ),
                        (
                            "patient_id",
                            models.CharField(blank=True, max_length=64, verbose_name="Patient ID"),
                        ),
                        ("attributes", models.JSONField(default=dict)),
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
                        "indexes": [
                            models.Index(
                                fields=["study", "study_date", "uid"], name="studyindex_by_date"
                            ),
                            models.Index(
                                fields=["study", "patient_id"], name="studyindex_by_patient"
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("study", "uid"), name="studyindex_uid_once"
                            )
                        ],
                    },
                ),
            ],
        ),
    ]
