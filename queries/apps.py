"""Questions to sites about anything; knows no target."""

from django.apps import AppConfig


class QueriesConfig(AppConfig):
    name = "queries"
    verbose_name = "Queries"

    def ready(self) -> None:
        from queries import targets  # noqa: F401 - registers the time point as a target
