"""The study as designed: what should happen, where, when and by whom."""

from django.apps import AppConfig


class StudiesConfig(AppConfig):
    name = "studies"
    verbose_name = "Studies"

    def ready(self) -> None:
        from audit import trail
        from studies.calendars import plan_problems
        from studies.services.configuration import VALIDATORS
        from studies.services.forms import changed_answers

        trail.explain("studies.formrecord", "answers", changed_answers)
        VALIDATORS["plan"] = plan_problems
