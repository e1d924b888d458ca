"""Messages to people: under the bell, and by mail without subject data.

Receivers only enqueue; a job writes the notices and sends the mails. A mail names the study and the
kind of work, never a subject, a visit, a site or an answer (ui.md §11); what it is about is found
after signing in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.mail import send_mail
from django.db.models.signals import post_save

from accounts.models import Invitation, Notice, User
from accounts.permissions import PERMISSIONS, Role
from audit import clock
from audit.bulk import moved_together
from audit.jobs import enqueue, job
from audit.models import Job
from audit.states import moved
from clinical.models import Dossier, DossierImport
from clinical.services import dossiers, importing
from exports.models import DataCut
from imaging.models import ArrivedExamination, ConsentWithdrawal, Move, Submission
from projects.addresses import address
from queries.models import Query
from reads.models import ReaderMessage, ReadTask, Recall, RollBack, TrainingReminder
from reads.services.inviting import person_invited
from studies.models import Membership, MembershipSite, Study


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of message: its words, who gets it, and the page it opens."""

    text: str
    recipients: Callable[[Any], Iterable[User]]
    url: Callable[[Any], str]


def _whoever_answers(query: Query) -> Iterable[User]:
    if query.to_partner:
        return _holders_of_role(query, Role.CLINICAL_DATA_PARTNER)
    links = MembershipSite.objects.in_study(query.study_id).filter(
        study_site=query.study_site_id, membership__period__contains=clock.now()
    )
    return User.objects.filter(
        pk__in=links.values("membership__user_id"), is_active=True
    ).distinct()


def _asker(query: Query) -> Iterable[User]:
    return [query.opened_by] if query.opened_by is not None else []


def _reader(task: ReadTask) -> Iterable[User]:
    return [task.stream.reader]


def _reader_of_message(message: ReaderMessage) -> Iterable[User]:
    return [message.reader.user]


def _reviewer_operations(message: ReaderMessage) -> Iterable[User]:
    return _holders_of_role(message, Role.REVIEWER_OPERATIONS)


def _holders_of_role(row: Any, role: str) -> Iterable[User]:
    held = Membership.objects.filter(study_id=row.study_id, role=role, period__contains=clock.now())
    return User.objects.filter(pk__in=held.values("user_id"), is_active=True).distinct()


def _deliverers(row: Dossier) -> Iterable[User]:
    return dossiers.deliverers(row.study_id)


def _cut_takers(cut: DataCut) -> Iterable[User]:
    roles = PERMISSIONS["cut.acknowledge"]
    held = Membership.objects.filter(
        study_id=cut.study_id, role__in=roles, period__contains=clock.now()
    )
    return User.objects.filter(pk__in=held.values("user_id"), is_active=True).distinct()


def _holders_of(right: str) -> Callable[[Any], Iterable[User]]:
    """Return who may do something in the study of a row today."""

    def found(row: Any) -> Iterable[User]:
        held = Membership.objects.filter(
            study_id=row.study_id, role__in=PERMISSIONS[right], period__contains=clock.now()
        )
        return User.objects.filter(pk__in=held.values("user_id"), is_active=True).distinct()

    return found


def _page_named(name: str) -> Callable[[Any], str]:
    """Return how the address of a row's page is found."""
    return lambda row: address(name, row.study.code, row.pk)


def _correction_of(kind: str) -> Callable[[Any], str]:
    """Return how the address of the sponsor's page of a correction is found."""
    return lambda row: address("correction-page", row.study.code, kind, row.pk)


def _told_of_correction(row: RollBack | Recall) -> Iterable[User]:
    """Return the sponsor's people; of a recall they are told once, not for every subject."""
    return [] if getattr(row, "recall_id", None) else _holders_of("rollback.acknowledge")(row)


def _sender(row: Submission) -> Iterable[User]:
    return [row.sender]


def _signer(examination: ArrivedExamination) -> Iterable[User]:
    return [examination.arrival.responsible]


def _both_sites(move: Move) -> Iterable[User]:
    sites = {move.submission.study_site_id, move.target.subject.study_site_id}
    return _people_of_sites(move.study_id, sites)


def _told_of_withdrawal(row: ConsentWithdrawal) -> Iterable[User]:
    roles = {Role.PROJECT_MANAGER, Role.IMAGE_OPERATIONS, Role.DATA_MANAGER}
    held = Membership.objects.filter(
        study_id=row.study_id, role__in=roles, period__contains=clock.now()
    )
    staff = User.objects.filter(pk__in=held.values("user_id"), is_active=True).distinct()
    return [*staff, *_people_of_sites(row.study_id, {row.subject.study_site_id})]


def _people_of_sites(study_id: Any, sites: set[Any]) -> Iterable[User]:
    links = MembershipSite.objects.in_study(study_id).filter(
        study_site__in=sites, membership__period__contains=clock.now()
    )
    return User.objects.filter(
        pk__in=links.values("membership__user_id"), is_active=True
    ).distinct()


def _query_page(query: Query) -> str:
    return address("query-page", query.study.code, query.pk)


KINDS: dict[str, Kind] = {
    "query.raise": Kind("A query waits for your answer", _whoever_answers, _query_page),
    "query.reopen": Kind("A query was asked again", _whoever_answers, _query_page),
    "query.answer": Kind("Your query was answered", _asker, _query_page),
    "submission.receive": Kind(
        "Your images were received, and the receipt is ready",
        _sender,
        lambda row: address("receipt", row.study.code, row.pk),
    ),
    "submission.reject": Kind(
        "Images that you sent were not accepted",
        _sender,
        lambda row: address("submission", row.study.code, row.pk),
    ),
    "readtask.assign": Kind(
        "A read was given to you",
        _reader,
        lambda _: address("read-inbox"),
    ),
    "readermessage.reminder": Kind(
        "Some of your reads are due soon", _reader_of_message, lambda _: address("read-inbox")
    ),
    "readermessage.overdue": Kind(
        "Some of your reads are past their due date",
        _reader_of_message,
        lambda _: address("read-inbox"),
    ),
    "readermessage.escalation": Kind(
        "Late reads wait for reviewer operations",
        _reviewer_operations,
        lambda message: address("reader-care", message.study.code, message.reader_id),
    ),
    "arrivedexamination.deliver": Kind(
        "Images arrived and wait for your form and signature",
        _signer,
        lambda row: address("submission", row.study.code, row.submission_id),
    ),
    "move.carry_out": Kind(
        "Images were moved to where they belong",
        _both_sites,
        lambda move: address("site-home"),
    ),
    "consentwithdrawal.record": Kind(
        "A withdrawal of consent was recorded",
        _told_of_withdrawal,
        lambda row: address("subject-consent", row.study.code, row.subject_id),
    ),
    "datacut.release": Kind(
        "A data cut was released to you",
        _cut_takers,
        lambda cut: address("cut-page", cut.study.code, cut.pk),
    ),
}
for _kind, _page in (("rollback", "rollback-page"), ("recall", "recall-page")):
    KINDS |= {
        f"{_kind}.approve_science": Kind(
            "A correction of reads waits for the approval of project management",
            _holders_of("rollback.approve_project"),
            _page_named(_page),
        ),
        f"{_kind}.approve_project": Kind(
            "A correction of reads waits for the approval of science",
            _holders_of("rollback.approve_science"),
            _page_named(_page),
        ),
        f"{_kind}.carry_out": Kind(
            "Signed reads were corrected and wait for your acknowledgement",
            _told_of_correction,
            _correction_of(_kind),
        ),
    }
KINDS["rollback.decided_before"] = KINDS["rollback.approve_science"]
KINDS["readtask.roll_back"] = Kind(
    "A read waits to be read again", _reader, lambda _: address("read-inbox")
)
KINDS["trainingreminder.issue"] = Kind(
    "A training point reminder waits for your acknowledgement",
    lambda row: [row.reader],
    lambda row: address("my-reminder", row.study.code, row.pk),
)
KINDS["dossier.chase"] = Kind(
    "A clinical dossier is still waited for", _deliverers, _page_named("dossier")
)
KINDS["dossier.refuse"] = Kind(
    "A clinical dossier was sent back and waits to be corrected",
    _deliverers,
    _page_named("dossier"),
)
KINDS["dossierimport.take_over"] = Kind(
    "A file of the clinical CRO was imported", importing.askers, _page_named("dossier-import")
)
KINDS["dossierimport.leave"] = Kind(
    "The import of a file of the clinical CRO left rows out",
    importing.askers,
    _page_named("dossier-import"),
)
_MODELS: dict[str, Any] = {
    "dossier": Dossier,
    "dossierimport": DossierImport,
    "rollback": RollBack,
    "recall": Recall,
    "trainingreminder": TrainingReminder,
    "query": Query,
    "submission": Submission,
    "readtask": ReadTask,
    "readermessage": ReaderMessage,
    "datacut": DataCut,
    "arrivedexamination": ArrivedExamination,
    "move": Move,
    "consentwithdrawal": ConsentWithdrawal,
}


@job("projects.notify", label="Messages")
def notify(row: Job, *, about_act: str, about_id: str) -> None:
    """Write the notices of one act and mail those that were not mailed yet."""
    about = _MODELS[about_act.split(".", maxsplit=1)[0]]._base_manager.get(pk=about_id)
    study = Study.objects.get(pk=about.study_id)
    said = KINDS[about_act]
    for user in said.recipients(about):
        notice, _ = Notice.objects.get_or_create(
            user=user,
            key=row.key,
            defaults={
                "study_id": study.pk,
                "kind": about_act,
                "text": f"{said.text} in study {study.code}.",
                "url": said.url(about),
            },
        )
        if study.uat_twin_of_id is None:  # what happens in a UAT twin stays under the bell
            mail(notice)


def mail(notice: Notice) -> None:
    """Send a notice by mail, once."""
    if notice.mailed_at is not None:
        return
    send_mail(
        subject=f"icro: {notice.text.rstrip('.')}",
        message=f"{notice.text}\n\nSign in to the platform; it is under the bell and in your work.",
        from_email=None,
        recipient_list=[notice.user.email],
    )
    notice.mailed_at = clock.now()
    notice.save(update_fields=["mailed_at"])


def mail_invitation(invitation: Invitation, *, link: str, study: Study | None) -> None:
    """Send an invitation with its link, which works once and ends by itself."""
    where = f" in study {study.code}" if study else ""
    send_mail(
        subject="icro: you are invited",
        message=(
            f"Dear {invitation.printed_name},\n\n"
            f"you are invited as {Role(invitation.role).label.lower()}{where}.\n"
            f"Open this address before {invitation.expires_at:%d %b %Y %H:%M} UTC:\n\n{link}\n\n"
            "The address works once and is meant for you alone."
        ),
        from_email=None,
        recipient_list=[invitation.email],
    )


def _after_invitation(
    sender: Any, *, invitation: Invitation, link: str, study: Study, **_: Any
) -> None:
    mail_invitation(invitation, link=link, study=study)


def _after_step(sender: Any, *, step: str, row: Any, **_: Any) -> None:
    _ask_for(f"{row._meta.model_name}.{step}", row)


def _after_many(sender: Any, *, step: str, rows: Sequence[Any], **_: Any) -> None:
    """Tell each reader once, however many reads were given together."""
    if sender is not ReadTask:
        return
    for first in {row.stream.reader_id: row for row in reversed(rows)}.values():
        _ask_for(f"readtask.{step}", first)


def _after_message(sender: Any, *, instance: ReaderMessage, created: bool, **_: Any) -> None:
    if created:
        _ask_for(f"readermessage.{instance.kind}", instance)


def _after_save(sender: Any, *, instance: Query, created: bool, **_: Any) -> None:
    if created:
        _ask_for("query.raise", instance)


def _after_withdrawal(sender: Any, *, instance: ConsentWithdrawal, created: bool, **_: Any) -> None:
    if created:
        _ask_for("consentwithdrawal.record", instance)


def _ask_for(kind: str, row: Any) -> None:
    if kind not in KINDS:
        return
    # A query can be asked again and answered again: each turn is a message of its own.
    turn = row.history.count()
    enqueue(
        "projects.notify",
        key=f"notify:{kind}:{row.pk}:{turn}",
        row=row,
        about_act=kind,
        about_id=str(row.pk),
    )


def _after_chase(row: Dossier) -> None:
    _ask_for("dossier.chase", row)


def connect() -> None:
    """Listen to the acts that people are told of."""
    for sender in (
        *(Query, Submission, ReadTask, DataCut, ArrivedExamination, Move),
        *(TrainingReminder, RollBack, Recall, Dossier, DossierImport),
    ):
        moved.connect(_after_step, sender=sender, dispatch_uid=f"notices.{sender.__name__}")
    dossiers.register(chased=_after_chase)
    person_invited.connect(_after_invitation, dispatch_uid="notices.person_invited")
    moved_together.connect(_after_many, dispatch_uid="notices.together")
    post_save.connect(_after_message, sender=ReaderMessage, dispatch_uid="notices.reader_message")
    post_save.connect(_after_save, sender=Query, dispatch_uid="notices.query_raised")
    post_save.connect(
        _after_withdrawal, sender=ConsentWithdrawal, dispatch_uid="notices.withdrawal"
    )
