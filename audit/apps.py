"""The bottom layer: what was done, by whom, why, and that it cannot be undone."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules


class AuditConfig(AppConfig):
    name = "audit"
    verbose_name = "Audit trail"

    def ready(self) -> None:
        from audit import guards, history

        autodiscover_modules("workflows")  # a workflow is known because its table exists
        history.connect()
        post_migrate.connect(guards.install, sender=self, dispatch_uid="audit.guards")
