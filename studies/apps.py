"""The study as designed: what should happen, where, when and by whom."""

from django.apps import AppConfig


class StudiesConfig(AppConfig):
    name = "studies"
    verbose_name = "Studies"
