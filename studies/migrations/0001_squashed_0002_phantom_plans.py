import uuid

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.operations
import django.db.models.deletion
import django.db.models.manager
import simple_history.models
from django.conf import settings
from django.db import migrations, models

import audit.clock
import audit.states
import audit.together
import studies.models.subjects


class Migration(migrations.Migration):
    replaces = [("studies", "0001_initial"), ("studies", "0002_phantom_plans")]

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        django.contrib.postgres.operations.BtreeGistExtension(),
        audit.together.CreateModels(
            operations=[
                migrations.CreateModel(
                    name="Configuration",
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
                                    ("form", "Form"),
                                    ("read_design", "Read design"),
                                    ("deid_profile", "De-identification profile"),
                                    ("guideline", "Acquisition guideline"),
                                    ("plan", "Project plan"),
                                    ("transfer", "Transfer specification"),
                                    ("blinding", "Blinding profile"),
                                    ("phantoms", "Phantom plan"),
                                ],
                                max_length=20,
                                verbose_name="kind",
                            ),
                        ),
                        ("key", models.SlugField(max_length=60, verbose_name="key")),
                        ("version", models.PositiveIntegerField(verbose_name="version")),
                        ("title", models.CharField(max_length=200, verbose_name="title")),
                        ("document", models.JSONField(verbose_name="document")),
                        (
                            "digest",
                            models.CharField(editable=False, max_length=64, verbose_name="SHA-256"),
                        ),
                        (
                            "effective_from",
                            models.DateTimeField(
                                blank=True, null=True, verbose_name="effective from"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("draft", "Draft"),
                                    ("in_review", "In review"),
                                    ("in_test", "In test"),
                                    ("approved", "Approved"),
                                    ("effective", "Effective"),
                                    ("superseded", "Superseded"),
                                    ("withdrawn", "Withdrawn"),
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
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("study", "kind", "key", "version"),
                                name="configuration_version_once",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state", "effective")),
                                fields=("study", "kind", "key"),
                                name="configuration_one_effective",
                            ),
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="Organisation",
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
                            "name",
                            models.CharField(max_length=200, unique=True, verbose_name="name"),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("sponsor", "Sponsor"),
                                    ("icro", "Imaging CRO"),
                                    ("cro", "Clinical CRO"),
                                    ("hospital", "Hospital or imaging centre"),
                                    ("vendor", "Vendor"),
                                ],
                                max_length=12,
                                verbose_name="kind",
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
                    name="HistoricalOrganisation",
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
                            "name",
                            models.CharField(db_index=True, max_length=200, verbose_name="name"),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("sponsor", "Sponsor"),
                                    ("icro", "Imaging CRO"),
                                    ("cro", "Clinical CRO"),
                                    ("hospital", "Hospital or imaging centre"),
                                    ("vendor", "Vendor"),
                                ],
                                max_length=12,
                                verbose_name="kind",
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
                    ],
                    options={
                        "verbose_name": "historical organisation",
                        "verbose_name_plural": "historical organisations",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalSite",
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
                        ("name", models.CharField(max_length=200, verbose_name="name")),
                        ("city", models.CharField(max_length=100, verbose_name="city")),
                        (
                            "country",
                            models.CharField(
                                help_text="ISO 3166-1 alpha-2", max_length=2, verbose_name="country"
                            ),
                        ),
                        (
                            "time_zone",
                            models.CharField(
                                help_text="IANA name", max_length=64, verbose_name="time zone"
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
                    ],
                    options={
                        "verbose_name": "historical site",
                        "verbose_name_plural": "historical sites",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalProgramme",
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
                        ("name", models.CharField(max_length=200, verbose_name="name")),
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
                            "sponsor",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="studies.organisation",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical programme",
                        "verbose_name_plural": "historical programmes",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="Programme",
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
                        ("name", models.CharField(max_length=200, verbose_name="name")),
                        (
                            "sponsor",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="programmes",
                                to="studies.organisation",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("sponsor", "name"), name="programme_name_once"
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="Site",
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
                        ("name", models.CharField(max_length=200, verbose_name="name")),
                        ("city", models.CharField(max_length=100, verbose_name="city")),
                        (
                            "country",
                            models.CharField(
                                help_text="ISO 3166-1 alpha-2", max_length=2, verbose_name="country"
                            ),
                        ),
                        (
                            "time_zone",
                            models.CharField(
                                help_text="IANA name", max_length=64, verbose_name="time zone"
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="sites",
                                to="studies.organisation",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organisation", "name"), name="site_name_once"
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="Scanner",
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
                        ("modality", models.CharField(max_length=4, verbose_name="modality")),
                        (
                            "manufacturer",
                            models.CharField(max_length=64, verbose_name="manufacturer"),
                        ),
                        ("model_name", models.CharField(max_length=64, verbose_name="model")),
                        (
                            "serial_number",
                            models.CharField(max_length=64, verbose_name="device serial number"),
                        ),
                        (
                            "software_versions",
                            models.CharField(
                                blank=True, max_length=200, verbose_name="software versions"
                            ),
                        ),
                        (
                            "qualified_from",
                            models.DateField(blank=True, null=True, verbose_name="qualified from"),
                        ),
                        (
                            "qualified_until",
                            models.DateField(blank=True, null=True, verbose_name="qualified until"),
                        ),
                        (
                            "site",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="scanners",
                                to="studies.site",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("site", "manufacturer", "model_name", "serial_number"),
                                name="scanner_once_per_site",
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="HistoricalScanner",
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
                        ("modality", models.CharField(max_length=4, verbose_name="modality")),
                        (
                            "manufacturer",
                            models.CharField(max_length=64, verbose_name="manufacturer"),
                        ),
                        ("model_name", models.CharField(max_length=64, verbose_name="model")),
                        (
                            "serial_number",
                            models.CharField(max_length=64, verbose_name="device serial number"),
                        ),
                        (
                            "software_versions",
                            models.CharField(
                                blank=True, max_length=200, verbose_name="software versions"
                            ),
                        ),
                        (
                            "qualified_from",
                            models.DateField(blank=True, null=True, verbose_name="qualified from"),
                        ),
                        (
                            "qualified_until",
                            models.DateField(blank=True, null=True, verbose_name="qualified until"),
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
                    ],
                    options={
                        "verbose_name": "historical scanner",
                        "verbose_name_plural": "historical scanners",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="Study",
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
                        ("code", models.CharField(max_length=24, unique=True, verbose_name="code")),
                        ("title", models.CharField(max_length=300, verbose_name="title")),
                        (
                            "protocol_number",
                            models.CharField(max_length=60, verbose_name="protocol number"),
                        ),
                        ("phase", models.CharField(max_length=12, verbose_name="phase")),
                        ("indication", models.CharField(max_length=120, verbose_name="indication")),
                        (
                            "time_zone",
                            models.CharField(
                                default="UTC", max_length=64, verbose_name="time zone"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("startup", "Start-up"),
                                    ("conduct", "Conduct"),
                                    ("locked", "Database locked"),
                                    ("closed", "Closed"),
                                ],
                                default="startup",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "programme",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="studies",
                                to="studies.programme",
                            ),
                        ),
                        (
                            "sponsor",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="studies",
                                to="studies.organisation",
                            ),
                        ),
                        (
                            "uat_twin_of",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="uat_twins",
                                to="studies.study",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "studies",
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="ProtocolVersion",
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
                        ("number", models.CharField(max_length=20, verbose_name="version")),
                        ("summary", models.TextField(blank=True, verbose_name="what changed")),
                        ("effective_from", models.DateField(verbose_name="effective from")),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("draft", "Draft"),
                                    ("in_review", "In review"),
                                    ("approved", "Approved"),
                                    ("effective", "Effective"),
                                    ("superseded", "Superseded"),
                                    ("withdrawn", "Withdrawn"),
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
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("study", "number"), name="protocolversion_once"
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="Membership",
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
                                    ("project_manager", "Project manager"),
                                    ("portfolio_manager", "Portfolio manager"),
                                    ("image_operations", "Image operations"),
                                    ("scientific", "Scientific"),
                                    ("reviewer_operations", "Reviewer operations"),
                                    ("central_reader", "Central reader"),
                                    ("adjudicator", "Adjudicator"),
                                    ("data_manager", "Data manager"),
                                    ("clinical_data_partner", "Clinical data partner"),
                                    ("site_user", "Site user"),
                                    ("sponsor", "Sponsor"),
                                    ("data_recipient", "Data recipient"),
                                    ("quality_auditor", "Quality auditor"),
                                    ("inspector", "Inspector"),
                                    ("administrator", "Administrator"),
                                ],
                                max_length=40,
                                verbose_name="role",
                            ),
                        ),
                        (
                            "duty",
                            models.CharField(
                                choices=[
                                    ("operations", "iCRO operations"),
                                    ("blinded", "Blinded reading"),
                                    ("site", "Investigator site"),
                                    ("sponsor", "Sponsor and its partners"),
                                    ("oversight", "Oversight"),
                                    ("system", "System administration"),
                                ],
                                editable=False,
                                max_length=12,
                            ),
                        ),
                        (
                            "period",
                            django.contrib.postgres.fields.ranges.DateTimeRangeField(
                                verbose_name="period"
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="memberships",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "study",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="memberships",
                                to="studies.study",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            django.contrib.postgres.constraints.ExclusionConstraint(
                                expressions=[
                                    (models.F("user"), "="),
                                    (models.F("study"), "="),
                                    (models.F("duty"), "<>"),
                                    (models.F("period"), "&&"),
                                ],
                                name="membership_duties_exclude",
                            ),
                            django.contrib.postgres.constraints.ExclusionConstraint(
                                expressions=[
                                    (models.F("user"), "="),
                                    (
                                        models.Case(
                                            models.When(duty="system", then=models.Value(1)),
                                            default=models.Value(0),
                                        ),
                                        "<>",
                                    ),
                                    (models.F("period"), "&&"),
                                ],
                                name="membership_admin_alone",
                            ),
                            django.contrib.postgres.constraints.ExclusionConstraint(
                                expressions=[
                                    (models.F("user"), "="),
                                    (models.F("study"), "="),
                                    (models.F("role"), "="),
                                    (models.F("period"), "&&"),
                                ],
                                name="membership_role_once",
                            ),
                            django.contrib.postgres.constraints.ExclusionConstraint(
                                condition=models.Q(("study", None)),
                                expressions=[(models.F("user"), "="), (models.F("period"), "&&")],
                                name="membership_admin_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("role", "administrator"), ("study", None)),
                                    models.Q(
                                        models.Q(("role", "administrator"), _negated=True),
                                        ("study__isnull", False),
                                    ),
                                    _connector="OR",
                                ),
                                name="membership_admin_has_no_study",
                            ),
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="HistoricalTimePointDefinition",
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
                        ("code", models.SlugField(max_length=20, verbose_name="code")),
                        ("label", models.CharField(max_length=60, verbose_name="label")),
                        (
                            "anchor_kind",
                            models.CharField(
                                default="enrolment", max_length=30, verbose_name="anchor"
                            ),
                        ),
                        ("offset_days", models.IntegerField(verbose_name="day")),
                        (
                            "window_before",
                            models.PositiveSmallIntegerField(verbose_name="window before, days"),
                        ),
                        (
                            "window_after",
                            models.PositiveSmallIntegerField(verbose_name="window after, days"),
                        ),
                        (
                            "is_baseline",
                            models.BooleanField(default=False, verbose_name="baseline"),
                        ),
                        (
                            "modalities",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=4),
                                size=None,
                                verbose_name="modalities",
                            ),
                        ),
                        (
                            "expected_series",
                            models.JSONField(
                                blank=True, default=list, verbose_name="expected series"
                            ),
                        ),
                        (
                            "read_required",
                            models.BooleanField(default=True, verbose_name="read by the charter"),
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
                            "protocol_version",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="studies.protocolversion",
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
                        "verbose_name": "historical time point definition",
                        "verbose_name_plural": "historical time point definitions",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalStudySite",
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
                        ("number", models.CharField(max_length=12, verbose_name="site number")),
                        (
                            "investigator",
                            models.CharField(
                                blank=True, max_length=200, verbose_name="principal investigator"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("qualifying", "Qualifying"),
                                    ("active", "Active"),
                                    ("suspended", "Suspended"),
                                    ("closed", "Closed"),
                                ],
                                default="qualifying",
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
                        "verbose_name": "historical study site",
                        "verbose_name_plural": "historical study sites",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalStudy",
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
                            "code",
                            models.CharField(db_index=True, max_length=24, verbose_name="code"),
                        ),
                        ("title", models.CharField(max_length=300, verbose_name="title")),
                        (
                            "protocol_number",
                            models.CharField(max_length=60, verbose_name="protocol number"),
                        ),
                        ("phase", models.CharField(max_length=12, verbose_name="phase")),
                        ("indication", models.CharField(max_length=120, verbose_name="indication")),
                        (
                            "time_zone",
                            models.CharField(
                                default="UTC", max_length=64, verbose_name="time zone"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("startup", "Start-up"),
                                    ("conduct", "Conduct"),
                                    ("locked", "Database locked"),
                                    ("closed", "Closed"),
                                ],
                                default="startup",
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
                            "sponsor",
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
                            "programme",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="studies.programme",
                            ),
                        ),
                        (
                            "uat_twin_of",
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
                        "verbose_name": "historical study",
                        "verbose_name_plural": "historical studies",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalProtocolVersion",
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
                        ("number", models.CharField(max_length=20, verbose_name="version")),
                        ("summary", models.TextField(blank=True, verbose_name="what changed")),
                        ("effective_from", models.DateField(verbose_name="effective from")),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("draft", "Draft"),
                                    ("in_review", "In review"),
                                    ("approved", "Approved"),
                                    ("effective", "Effective"),
                                    ("superseded", "Superseded"),
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
                        "verbose_name": "historical protocol version",
                        "verbose_name_plural": "historical protocol versions",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalMembership",
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
                                    ("project_manager", "Project manager"),
                                    ("portfolio_manager", "Portfolio manager"),
                                    ("image_operations", "Image operations"),
                                    ("scientific", "Scientific"),
                                    ("reviewer_operations", "Reviewer operations"),
                                    ("central_reader", "Central reader"),
                                    ("adjudicator", "Adjudicator"),
                                    ("data_manager", "Data manager"),
                                    ("clinical_data_partner", "Clinical data partner"),
                                    ("site_user", "Site user"),
                                    ("sponsor", "Sponsor"),
                                    ("data_recipient", "Data recipient"),
                                    ("quality_auditor", "Quality auditor"),
                                    ("inspector", "Inspector"),
                                    ("administrator", "Administrator"),
                                ],
                                max_length=40,
                                verbose_name="role",
                            ),
                        ),
                        (
                            "duty",
                            models.CharField(
                                choices=[
                                    ("operations", "iCRO operations"),
                                    ("blinded", "Blinded reading"),
                                    ("site", "Investigator site"),
                                    ("sponsor", "Sponsor and its partners"),
                                    ("oversight", "Oversight"),
                                    ("system", "System administration"),
                                ],
                                editable=False,
                                max_length=12,
                            ),
                        ),
                        (
                            "period",
                            django.contrib.postgres.fields.ranges.DateTimeRangeField(
                                verbose_name="period"
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
                        "verbose_name": "historical membership",
                        "verbose_name_plural": "historical memberships",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalFormRecord",
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
                        ("answers", models.JSONField(default=dict, verbose_name="answers")),
                        ("version", models.PositiveIntegerField(default=0)),
                        (
                            "entered_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="entered"),
                        ),
                        (
                            "saved_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="saved"),
                        ),
                        (
                            "completed_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="completed"),
                        ),
                        ("locked", models.BooleanField(default=False, verbose_name="locked")),
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
                        "verbose_name": "historical form record",
                        "verbose_name_plural": "historical form records",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalConfiguration",
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
                                    ("form", "Form"),
                                    ("read_design", "Read design"),
                                    ("deid_profile", "De-identification profile"),
                                    ("guideline", "Acquisition guideline"),
                                    ("plan", "Project plan"),
                                    ("transfer", "Transfer specification"),
                                    ("blinding", "Blinding profile"),
                                    ("phantoms", "Phantom plan"),
                                ],
                                max_length=20,
                                verbose_name="kind",
                            ),
                        ),
                        ("key", models.SlugField(max_length=60, verbose_name="key")),
                        ("version", models.PositiveIntegerField(verbose_name="version")),
                        ("title", models.CharField(max_length=200, verbose_name="title")),
                        ("document", models.JSONField(verbose_name="document")),
                        (
                            "digest",
                            models.CharField(editable=False, max_length=64, verbose_name="SHA-256"),
                        ),
                        (
                            "effective_from",
                            models.DateTimeField(
                                blank=True, null=True, verbose_name="effective from"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("draft", "Draft"),
                                    ("in_review", "In review"),
                                    ("in_test", "In test"),
                                    ("approved", "Approved"),
                                    ("effective", "Effective"),
                                    ("superseded", "Superseded"),
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
                        "verbose_name": "historical configuration",
                        "verbose_name_plural": "historical configurations",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="FormRecord",
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
                        ("answers", models.JSONField(default=dict, verbose_name="answers")),
                        ("version", models.PositiveIntegerField(default=0)),
                        (
                            "entered_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="entered"),
                        ),
                        (
                            "saved_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="saved"),
                        ),
                        (
                            "completed_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="completed"),
                        ),
                        ("locked", models.BooleanField(default=False, verbose_name="locked")),
                        (
                            "form",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="records",
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
                    name="Anchor",
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
                        ("kind", models.CharField(max_length=30, verbose_name="anchor")),
                        ("date", models.DateField(verbose_name="date")),
                        ("source", models.CharField(max_length=60, verbose_name="source")),
                        (
                            "version",
                            models.PositiveSmallIntegerField(default=1, verbose_name="version"),
                        ),
                        (
                            "superseded_by",
                            models.OneToOneField(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="supersedes",
                                to="studies.anchor",
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
                                related_name="anchors",
                                to="studies.subject",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("subject", "kind", "version"), name="anchor_version_once"
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="StudySite",
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
                        ("number", models.CharField(max_length=12, verbose_name="site number")),
                        (
                            "investigator",
                            models.CharField(
                                blank=True, max_length=200, verbose_name="principal investigator"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("qualifying", "Qualifying"),
                                    ("active", "Active"),
                                    ("suspended", "Suspended"),
                                    ("closed", "Closed"),
                                ],
                                default="qualifying",
                                editable=False,
                                max_length=24,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "site",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="study_sites",
                                to="studies.site",
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
                                fields=("study", "number"), name="studysite_number_once"
                            ),
                            models.UniqueConstraint(
                                fields=("study", "site"), name="studysite_site_once"
                            ),
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="MembershipSite",
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
                            "membership",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="site_links",
                                to="studies.membership",
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
                                related_name="user_links",
                                to="studies.studysite",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("membership", "study_site"), name="membership_site_once"
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="HistoricalSubject",
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
                        ("code", models.CharField(max_length=24, verbose_name="subject")),
                        (
                            "reading_code",
                            models.CharField(
                                default=studies.models.subjects.random_reading_code,
                                editable=False,
                                max_length=12,
                                verbose_name="reading code",
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("screening", "Screening"),
                                    ("enrolled", "Enrolled"),
                                    ("completed", "Completed"),
                                    ("discontinued", "Discontinued"),
                                    ("withdrawn", "Consent withdrawn"),
                                    ("screen_failed", "Screen failed"),
                                ],
                                default="screening",
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
                        "verbose_name": "historical subject",
                        "verbose_name_plural": "historical subjects",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalMembershipSite",
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
                            "membership",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="studies.membership",
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
                        "verbose_name": "historical membership site",
                        "verbose_name_plural": "historical membership sites",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="Subject",
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
                        ("code", models.CharField(max_length=24, verbose_name="subject")),
                        (
                            "reading_code",
                            models.CharField(
                                default=studies.models.subjects.random_reading_code,
                                editable=False,
                                max_length=12,
                                verbose_name="reading code",
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("screening", "Screening"),
                                    ("enrolled", "Enrolled"),
                                    ("completed", "Completed"),
                                    ("discontinued", "Discontinued"),
                                    ("withdrawn", "Consent withdrawn"),
                                    ("screen_failed", "Screen failed"),
                                ],
                                default="screening",
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
                            "study_site",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="subjects",
                                to="studies.studysite",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("code",),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("study", "code"), name="subject_code_once"
                            ),
                            models.UniqueConstraint(
                                fields=("study", "reading_code"), name="subject_reading_once"
                            ),
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="ProtocolPeriod",
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
                            "period",
                            django.contrib.postgres.fields.ranges.DateRangeField(
                                verbose_name="period"
                            ),
                        ),
                        (
                            "protocol_version",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                to="studies.protocolversion",
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
                                related_name="protocol_periods",
                                to="studies.subject",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            django.contrib.postgres.constraints.ExclusionConstraint(
                                expressions=[
                                    (models.F("subject"), "="),
                                    (models.F("period"), "&&"),
                                ],
                                name="protocolperiod_one_at_a_time",
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="HistoricalProtocolPeriod",
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
                            "period",
                            django.contrib.postgres.fields.ranges.DateRangeField(
                                verbose_name="period"
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
                            "protocol_version",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="studies.protocolversion",
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
                        "verbose_name": "historical protocol period",
                        "verbose_name_plural": "historical protocol periods",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="HistoricalAnchor",
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
                        ("kind", models.CharField(max_length=30, verbose_name="anchor")),
                        ("date", models.DateField(verbose_name="date")),
                        ("source", models.CharField(max_length=60, verbose_name="source")),
                        (
                            "version",
                            models.PositiveSmallIntegerField(default=1, verbose_name="version"),
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
                            "superseded_by",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="studies.anchor",
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
                        "verbose_name": "historical anchor",
                        "verbose_name_plural": "historical anchors",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="TimePointDefinition",
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
                        ("code", models.SlugField(max_length=20, verbose_name="code")),
                        ("label", models.CharField(max_length=60, verbose_name="label")),
                        (
                            "anchor_kind",
                            models.CharField(
                                default="enrolment", max_length=30, verbose_name="anchor"
                            ),
                        ),
                        ("offset_days", models.IntegerField(verbose_name="day")),
                        (
                            "window_before",
                            models.PositiveSmallIntegerField(verbose_name="window before, days"),
                        ),
                        (
                            "window_after",
                            models.PositiveSmallIntegerField(verbose_name="window after, days"),
                        ),
                        (
                            "is_baseline",
                            models.BooleanField(default=False, verbose_name="baseline"),
                        ),
                        (
                            "modalities",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=4),
                                size=None,
                                verbose_name="modalities",
                            ),
                        ),
                        (
                            "expected_series",
                            models.JSONField(
                                blank=True, default=list, verbose_name="expected series"
                            ),
                        ),
                        (
                            "read_required",
                            models.BooleanField(default=True, verbose_name="read by the charter"),
                        ),
                        (
                            "protocol_version",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="time_points",
                                to="studies.protocolversion",
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
                        "ordering": ("offset_days",),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("protocol_version", "code"),
                                name="timepointdefinition_code_once",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("is_baseline", True)),
                                fields=("protocol_version",),
                                name="timepointdefinition_one_baseline",
                            ),
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="TimePoint",
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
                            "unscheduled_reason",
                            models.CharField(blank=True, max_length=200, verbose_name="reason"),
                        ),
                        ("label", models.CharField(max_length=60, verbose_name="time point")),
                        (
                            "planned_date",
                            models.DateField(blank=True, null=True, verbose_name="planned date"),
                        ),
                        (
                            "window_from",
                            models.DateField(blank=True, null=True, verbose_name="window from"),
                        ),
                        (
                            "window_to",
                            models.DateField(blank=True, null=True, verbose_name="window to"),
                        ),
                        (
                            "assessment_date",
                            models.DateField(blank=True, null=True, verbose_name="assessment date"),
                        ),
                        (
                            "not_done_reason",
                            models.CharField(
                                blank=True, max_length=200, verbose_name="reason not done"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("expected", "Expected"),
                                    ("received", "Received"),
                                    ("in_qc", "In QC"),
                                    ("accepted", "QC accepted"),
                                    ("ready", "Ready to read"),
                                    ("reading", "Read in progress"),
                                    ("read", "Read"),
                                    ("checked", "Checked"),
                                    ("locked", "Locked"),
                                    ("not_done", "Not done"),
                                ],
                                default="expected",
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
                            "subject",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="time_points",
                                to="studies.subject",
                            ),
                        ),
                        (
                            "definition",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="time_points",
                                to="studies.timepointdefinition",
                            ),
                        ),
                    ],
                    options={
                        "ordering": (
                            "subject__code",
                            models.OrderBy(models.F("assessment_date"), nulls_last=True),
                            "planned_date",
                        ),
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("definition__isnull", False)),
                                fields=("subject", "definition"),
                                name="timepoint_once_per_definition",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("definition__isnull", False),
                                    models.Q(("unscheduled_reason", ""), _negated=True),
                                    _connector="OR",
                                ),
                                name="timepoint_scheduled_or_reasoned",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("state", "not_done"), _negated=True),
                                    models.Q(("not_done_reason", ""), _negated=True),
                                    _connector="OR",
                                ),
                                name="timepoint_not_done_has_reason",
                            ),
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("every_row", django.db.models.manager.Manager()),
                    ],
                ),
                migrations.CreateModel(
                    name="HistoricalTimePoint",
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
                            "unscheduled_reason",
                            models.CharField(blank=True, max_length=200, verbose_name="reason"),
                        ),
                        ("label", models.CharField(max_length=60, verbose_name="time point")),
                        (
                            "planned_date",
                            models.DateField(blank=True, null=True, verbose_name="planned date"),
                        ),
                        (
                            "window_from",
                            models.DateField(blank=True, null=True, verbose_name="window from"),
                        ),
                        (
                            "window_to",
                            models.DateField(blank=True, null=True, verbose_name="window to"),
                        ),
                        (
                            "assessment_date",
                            models.DateField(blank=True, null=True, verbose_name="assessment date"),
                        ),
                        (
                            "not_done_reason",
                            models.CharField(
                                blank=True, max_length=200, verbose_name="reason not done"
                            ),
                        ),
                        (
                            "state",
                            audit.states.StateField(
                                choices=[
                                    ("expected", "Expected"),
                                    ("received", "Received"),
                                    ("in_qc", "In QC"),
                                    ("accepted", "QC accepted"),
                                    ("ready", "Ready to read"),
                                    ("reading", "Read in progress"),
                                    ("read", "Read"),
                                    ("checked", "Checked"),
                                    ("locked", "Locked"),
                                    ("not_done", "Not done"),
                                ],
                                default="expected",
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
                            "definition",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="studies.timepointdefinition",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical time point",
                        "verbose_name_plural": "historical time points",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
            ],
        ),
    ]
