"""Questions to sites about anything; knows no target."""

from django.apps import AppConfig


class QueriesConfig(AppConfig):
    name = "queries"
    verbose_name = "Queries"
