"""What is next for a person: one list of work items over all studies, by role."""

from projects.work.items import WorkItem, work_of

__all__ = ["WorkItem", "work_of"]
