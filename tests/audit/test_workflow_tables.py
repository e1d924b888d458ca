"""Every workflow against a table drawn by hand from the state vocabulary (21 CFR 11.10(f)).

A line is: step, sources, target, right, and what it asks for (R a reason, S a signature). The
tables come from the decisions on states and from the product's life of a scan, not from the code:
an arrow that the code adds or loses must be drawn here first.
"""

from __future__ import annotations

import itertools

import pytest
from django.apps import apps

from accounts.permissions import PERMISSIONS
from accounts.signatures import Signable
from audit.states import WORKFLOWS, StateField

#: A right that no role holds: the platform's own steps.
SYSTEM = "system"

DRAWN: dict[str, tuple[str, str]] = {
    # workflow: (states, the first being where a record begins; steps)
    "study": (
        "startup conduct locked closed",
        """
        open        startup            conduct    study.configure   R
        lock        conduct            locked     cut.make          S
        unlock      locked             conduct    cut.make          R
        close       locked             closed     study.configure   R
        """,
    ),
    "studysite": (
        "qualifying active suspended closed",
        """
        activate    qualifying,suspended   active      study.configure   -
        suspend     active                 suspended   study.configure   R
        close       active,suspended       closed      study.configure   R
        """,
    ),
    "subject": (
        "screening enrolled completed discontinued withdrawn screen_failed",
        """
        enrol           screening   enrolled        subject.enrol   -
        fail_screening  screening   screen_failed   subject.enrol   R
        complete        enrolled    completed       subject.enrol   -
        discontinue     enrolled    discontinued    subject.enrol   R
        withdraw        screening,enrolled,completed,discontinued  withdrawn  subject.enrol  R
        restore_screening  withdrawn  screening  consent.correct  R
        restore_enrolled   withdrawn  enrolled   consent.correct  R
        """,
    ),
    "timepoint": (
        "expected received in_qc accepted ready reading read checked locked not_done",
        """
        receive         expected             received   submission.upload   -
        start_qc        received             in_qc      system              -
        accept          in_qc                accepted   qc.decide           -
        ask_again       received,in_qc       expected   qc.decide           R
        reset_qc        accepted,ready       in_qc      qc.reset            R
        images_moved    received,in_qc,accepted,ready  expected  submission.move  R
        make_ready      accepted             ready      system              -
        begin_reading   ready                reading    system              -
        finish_reading  reading              read       system              -
        check           read                 checked    system              -
        lock            checked              locked     system              -
        reopen_reading  read,checked,locked  reading    system              R
        not_done        expected             not_done   timepoint.not_done  R
        expect_again    not_done             expected   timepoint.manage    R
        """,
    ),
    "configuration": (
        "draft in_review in_test approved effective superseded withdrawn",
        """
        send_to_review   draft              in_review   configuration.edit   -
        send_to_test     draft              in_test     configuration.edit   -
        return_to_draft  in_review,in_test  draft       configuration.edit   R
        approve          in_review,in_test  approved    configuration.sign   S
        make_effective   approved           effective   configuration.sign   -
        take_over        draft              effective   system               R
        supersede        effective          superseded  configuration.sign   R
        withdraw         draft,in_review,in_test,approved  withdrawn  configuration.edit  R
        """,
    ),
    "protocolversion": (
        "draft in_review approved effective superseded withdrawn",
        """
        send_to_review  draft            in_review    study.configure   -
        approve         in_review        approved     study.configure   R
        make_effective  approved         effective    study.configure   -
        supersede       effective        superseded   study.configure   R
        withdraw        draft,in_review  withdrawn    study.configure   R
        """,
    ),
    "query": (
        "open answered reopened closed cancelled",
        """
        answer   open,reopened           answered    query.answer   -
        reopen   answered                reopened    query.close    R
        close    open,answered,reopened  closed      query.close    -
        cancel   open,answered,reopened  cancelled   query.close    R
        """,
    ),
    "phantomscan": (
        "draft received measured returned qualified failed withdrawn",
        """
        send            draft           received    phantom.send     -
        measure         received        measured    system           -
        refuse          received        returned    system           R
        qualify         measured        qualified   phantom.decide   S
        fail            measured        failed      phantom.decide   S
        return_to_site  measured        returned    phantom.decide   R
        withdraw        draft,received  withdrawn   phantom.send     R
        """,
    ),
    "submission": (
        "draft uploading received deidentified in_qc released held rejected withdrawn",
        """
        begin_upload  draft                        uploading     submission.upload    -
        receive       uploading                    received      submission.upload    S
        deidentify    received                     deidentified  system               -
        start_qc      deidentified                 in_qc         system               -
        release       in_qc                        released      qc.decide            -
        hold          received,deidentified,in_qc  held          system               R
        resume        held                         received      submission.hold      R
        reject        in_qc,held                   rejected      submission.reject    R
        withdraw  draft,uploading,received,deidentified,in_qc,held  withdrawn  submission.withdraw R
        reset_qc      released                     in_qc         qc.reset             R
        take_over     draft                        received      submission.move      R
        move_away  received,deidentified,in_qc,held,released  withdrawn  submission.move  R
        stop  draft,uploading,received,deidentified,in_qc,held  withdrawn  system  R
        """,
    ),
    "arrival": (
        "open closed sorted",
        """
        close   open    closed   system   -
        sort    closed  sorted   system   -
        """,
    ),
    "arrivedexamination": (
        "unassigned assigned delivered set_aside",
        """
        assign     unassigned  assigned    door.assign  R
        deliver    assigned    delivered   system       -
        give_back  assigned    unassigned  system       R
        set_aside  unassigned  set_aside   door.assign  R
        take_up    set_aside   unassigned  door.assign  R
        """,
    ),
    "move": (
        "planned carried_out cancelled",
        """
        carry_out  planned  carried_out  submission.move  RS
        cancel     planned  cancelled    submission.move  -
        """,
    ),
    "consentwithdrawal": (
        "effective corrected",
        """
        correct  effective  corrected  consent.correct  RS
        """,
    ),
    "qcreview": (
        "open signed voided",
        """
        sign     open          signed   qc.decide    S
        resolve  open          signed   qc.resolve   S
        reset    open,signed   voided   qc.reset     R
        """,
    ),
    "finding": (
        "open queried explained resolved",
        """
        ask        open                    queried    query.raise   -
        explain    open,queried            explained  qc.decide     R
        take_back  queried                 open       system        R
        resolve    open,queried,explained  resolved   system        -
        reopen     explained,resolved      open       qc.reset      R
        """,
    ),
    "package": (
        "built released superseded",
        """
        release    built            released     qc.decide   -
        supersede  built,released   superseded   system      R
        """,
    ),
    "holddecision": (
        "proposed effective refused superseded",
        """
        take_effect  proposed             effective    submission.hold   -
        refuse       proposed             refused      submission.hold   R
        supersede    proposed,effective   superseded   submission.hold   R
        """,
    ),
    "attachment": (
        "held redacted released refused removed",
        """
        remove      held               removed    submission.upload   -
        redact      held,redacted      redacted   submission.hold     -
        release     redacted           released   submission.hold     S
        refuse      held,redacted      refused    submission.hold     R
        take_back   released,refused   held       submission.hold     R
        """,
    ),
    "checkfinding": (
        "open disposed gone",
        """
        dispose  open  disposed  check.dispose  R
        pass_by  open  gone      system         R
        """,
    ),
    "confirmationrequest": (
        "asked answered withdrawn",
        """
        answer    asked  answered   system            -
        withdraw  asked  withdrawn  confirmation.ask  R
        """,
    ),
    "trainingreminder": (
        "draft issued acknowledged withdrawn",
        """
        issue        draft         issued        reminder.issue        -
        acknowledge  issued        acknowledged  reminder.acknowledge  S
        withdraw     draft,issued  withdrawn     reminder.issue        R
        """,
    ),
    "rollback": (
        (
            "requested science_approved project_approved approved carried_out acknowledged "
            "refused withdrawn"
        ),
        """
        approve_science   requested         science_approved  rollback.approve_science  S
        approve_project   requested         project_approved  rollback.approve_project  S
        complete_science  project_approved  approved          rollback.approve_science  S
        complete_project  science_approved  approved          rollback.approve_project  S
        decided_before    requested         science_approved  system                    R
        recalled          requested         approved          system                    R
        carry_out         approved          carried_out       system                    -
        refuse    requested,science_approved,project_approved  refused    rollback.refuse   R
        withdraw  requested,science_approved,project_approved  withdrawn  rollback.request  R
        acknowledge       carried_out       acknowledged      rollback.acknowledge      S
        """,
    ),
    "recall": (
        (
            "requested science_approved project_approved approved carried_out acknowledged "
            "refused withdrawn"
        ),
        """
        approve_science   requested         science_approved  rollback.approve_science  S
        approve_project   requested         project_approved  rollback.approve_project  S
        complete_science  project_approved  approved          rollback.approve_science  S
        complete_project  science_approved  approved          rollback.approve_project  S
        decided_before    requested         science_approved  system                    R
        recalled          requested         approved          system                    R
        carry_out         approved          carried_out       system                    -
        refuse    requested,science_approved,project_approved  refused    rollback.refuse   R
        withdraw  requested,science_approved,project_approved  withdrawn  rollback.request  R
        acknowledge       carried_out       acknowledged      rollback.acknowledge      S
        """,
    ),
    "retraining": (
        "open closed",
        """
        close  open  closed  retraining.order  R
        """,
    ),
    "retrainingplace": (
        "held released",
        """
        release  held  released  retraining.order  R
        """,
    ),
    "readtask": (
        "planned assigned accepted in_progress signed on_hold declined reassigned cancelled",
        """
        assign    planned                        assigned     read.manage    -
        accept    assigned                       accepted     read.perform   -
        start     assigned,accepted              in_progress  read.perform   -
        sign      in_progress                    signed       read.perform   -
        hold      assigned,accepted,in_progress  on_hold      read.manage    R
        resume    on_hold                        assigned     read.manage    R
        decline   assigned,accepted,in_progress  declined     read.perform   R
        reassign  planned,assigned,accepted,in_progress,on_hold  reassigned  read.manage  R
        cancel    planned,assigned,accepted,in_progress,on_hold  cancelled   read.manage  R
        roll_back signed                         assigned     system         R
        """,
    ),
    "reader": (
        "active suspended released",
        """
        suspend  active            suspended  reader.manage  R
        resume   suspended         active     reader.manage  R
        release  active,suspended  released   reader.manage  R
        """,
    ),
    "readercontract": (
        "draft sent signed ended",
        """
        send    draft              sent    reader.manage  -
        recall  sent               draft   reader.manage  R
        sign    sent               signed  reader.manage  -
        end     draft,sent,signed  ended   reader.manage  R
        """,
    ),
    "onboarding": (
        "cv contract access workstation training test_cases qualified stopped",
        """
        accept_cv            cv           contract     reader.manage  -
        contract_signed      contract     access       reader.manage  -
        access_given         access       workstation  reader.manage  -
        workstation_checked  workstation  training     reader.manage  -
        trained              training     test_cases   reader.manage  -
        qualify              test_cases   qualified    reader.manage  -
        retrain  test_cases,qualified  training  reader.manage  R
        stop  cv,contract,access,workstation,training,test_cases,qualified stopped reader.manage R
        """,
    ),
    "trainingcase": (
        "draft approved withdrawn",
        """
        approve   draft           approved   training.key  S
        withdraw  draft,approved  withdrawn  training.key  R
        """,
    ),
    "trainingattempt": (
        "open scored ended",
        """
        score  open  scored  system  -
        end    open  ended   system  R
        """,
    ),
    "readercommitment": (
        "open signed replaced",
        """
        sign     open  signed    read.perform  S
        replace  open  replaced  system        R
        """,
    ),
    "remediation": (
        "open completed cancelled",
        """
        complete  open  completed  reader.manage  R
        cancel    open  cancelled  reader.manage  R
        """,
    ),
    "readerescalation": (
        "open owned closed",
        """
        take       open        owned   reader.manage  -
        hand_over  owned       owned   reader.manage  R
        close      open,owned  closed  reader.manage  R
        """,
    ),
    "readermeeting": (
        "planned held cancelled",
        """
        hold    planned       held       reader.manage  -
        cancel  planned,held  cancelled  reader.manage  R
        """,
    ),
    "feestatement": (
        "draft approved withdrawn",
        """
        approve   draft  approved   fee.approve    S
        withdraw  draft  withdrawn  reader.manage  R
        """,
    ),
    "readsession": (
        "open signed final voided",
        """
        sign      open               signed   read.perform   S
        finalise  signed             final    system         -
        void      open,signed,final  voided   system         R
        """,
    ),
    "adjudicationcase": (
        "pending claimed signed voided",
        """
        claim      pending                 claimed   adjudication.perform   -
        give_back  claimed                 pending   adjudication.perform   R
        sign       claimed                 signed    adjudication.perform   S
        void       pending,claimed,signed  voided    system                 R
        """,
    ),
    "variabilityplan": (
        "planned drawn closed cancelled",
        """
        draw    planned        drawn      variability.manage  -
        close   drawn          closed     variability.manage  R
        cancel  planned,drawn  cancelled  variability.manage  R
        """,
    ),
    "dossier": (
        "requested received reconciled approved applied superseded cancelled",
        """
        receive    requested                      received    dossier.enter      -
        reconcile  received                       reconciled  dossier.reconcile  -
        approve    reconciled                     approved    dossier.approve    S
        apply      approved                       applied     dossier.apply      -
        refuse     received,reconciled,approved   requested   dossier.refuse     R
        supersede  applied                        superseded  system             R
        cancel     requested,received,reconciled  cancelled   dossier.request    R
        """,
    ),
    "reconciliation": (
        "draft compared closed discarded",
        """
        compare    draft     compared   reconciliation.manage  -
        discard    draft     discarded  reconciliation.manage  R
        close      compared  closed     reconciliation.manage  -
        supersede  compared  closed     system                 R
        reopen     closed    compared   reconciliation.manage  R
        """,
    ),
    "discrepancy": (
        "open asked settled",
        """
        ask        open        asked    reconciliation.manage  -
        settle     open,asked  settled  reconciliation.manage  R
        repeat     open        settled  system                 R
        vanish     open,asked  settled  system                 R
        take_back  settled     open     reconciliation.manage  R
        """,
    ),
    "dossierdocument": (
        "held redacted released refused removed",
        """
        remove     held               removed   dossier.enter    -
        redact     held,redacted      redacted  submission.hold  -
        release    redacted           released  submission.hold  S
        refuse     held,redacted      refused   submission.hold  R
        take_back  released,refused   held      submission.hold  R
        """,
    ),
    "dossierimport": (
        "draft importing imported discarded",
        """
        begin      draft            importing  dossier.enter  -
        take_over  draft,importing  imported   dossier.enter  -
        leave      importing        draft      system         R
        discard    draft            discarded  dossier.enter  R
        """,
    ),
    "readingimport": (
        "draft imported discarded",
        """
        take_over  draft  imported   readings.import  S
        discard    draft  discarded  readings.import  R
        """,
    ),
    "readerquestion": (
        "asked relayed held answered withdrawn",
        """
        relay     asked               relayed    question.handle   -
        hold      asked,relayed       held       question.handle   -
        rewrite   held                asked      question.handle   R
        send_back held                asked      question.release  R
        answer    asked,relayed       answered   question.handle   -
        release   held                answered   question.release  R
        withdraw  asked,relayed,held  withdrawn  read.perform      R
        """,
    ),
    "preliminaryanalysis": (
        "draft finished discarded",
        """
        finish   draft           finished   preliminary.write  -
        discard  draft,finished  discarded  preliminary.write  R
        """,
    ),
    "truthrecord": (
        "open signed voided",
        """
        sign  open         signed  truth.record  S
        void  open,signed  voided  truth.record  R
        """,
    ),
    "siteexception": (
        "proposed approved ended declined",
        """
        approve  proposed  approved  exception.approve  S
        decline  proposed  declined  exception.approve  R
        end      approved  ended     exception.propose  R
        """,
    ),
    "lateimages": (
        "open decided carried_out",
        """
        decide     open     decided      late.decide     S
        carry_out  decided  carried_out  late.carry_out  R
        """,
    ),
    "dossierchange": (
        "open decided carried_out overtaken",
        """
        decide     open     decided      dossier.decide  S
        carry_out  decided  carried_out  dossier.decide  R
        overtake   open     overtaken    system          R
        """,
    ),
    "datacut": (
        "planned cleaning frozen generated released acknowledged superseded",
        """
        start_cleaning  planned    cleaning      cut.make          -
        freeze          cleaning   frozen        cut.make          -
        generate        frozen     generated     system            -
        release         generated  released      cut.make          S
        acknowledge     released   acknowledged  cut.acknowledge   S
        supersede       generated,released,acknowledged  superseded  cut.make  R
        """,
    ),
}


def drawn_steps(name: str) -> dict[str, tuple[set[str], str, str, str]]:
    found = {}
    for line in DRAWN[name][1].strip().splitlines():
        step, sources, target, right, asks = line.split()
        found[step] = (set(sources.split(",")), target, right, asks.replace("-", ""))
    return found


def test_every_workflow_of_the_code_is_drawn_here() -> None:
    assert set(WORKFLOWS) == set(DRAWN)


@pytest.mark.parametrize("name", DRAWN)
def test_the_states_are_those_of_the_vocabulary(name: str) -> None:
    states = DRAWN[name][0].split()
    assert list(WORKFLOWS[name].states) == states
    assert WORKFLOWS[name].initial == states[0]


@pytest.mark.parametrize("name", DRAWN)
def test_from_every_state_exactly_the_drawn_steps_lead_on(name: str) -> None:
    workflow, drawn = WORKFLOWS[name], drawn_steps(name)
    assert {step.name for step in workflow.steps} == set(drawn)
    for state, step in itertools.product(DRAWN[name][0].split(), drawn):
        sources, target, _, _ = drawn[step]
        leads = state in workflow[step].sources
        assert leads == (state in sources), f"{name}: {state} --{step}-->"
        if leads:
            assert workflow[step].target == target, f"{name}: {state} --{step}-->"


@pytest.mark.parametrize("name", DRAWN)
def test_every_step_asks_for_the_drawn_right_reason_and_signature(name: str) -> None:
    for step, (_, _, right, asks) in drawn_steps(name).items():
        found = WORKFLOWS[name][step]
        assert found.right == right, f"{name}.{step}"
        assert found.needs_reason == ("R" in asks), f"{name}.{step}"
        assert found.needs_signature == ("S" in asks), f"{name}.{step}"
        assert found.right == SYSTEM or found.right in PERMISSIONS


def test_no_person_holds_the_platform_s_own_right() -> None:
    assert SYSTEM not in PERMISSIONS


#: A workflow is named after its model, but for the read package.
MODELS = {"package": "readpackage"}


def model_of(name: str) -> type:
    wanted = MODELS.get(name, name)
    (model,) = [m for m in apps.get_models() if m._meta.model_name == wanted]
    return model


@pytest.mark.parametrize("name", DRAWN)
def test_the_column_of_a_workflow_knows_its_states_and_starts_at_the_start(name: str) -> None:
    field = model_of(name)._meta.get_field(WORKFLOWS[name].attribute)
    assert isinstance(field, StateField)
    assert [value for value, _ in field.flatchoices] == DRAWN[name][0].split()
    assert field.default == DRAWN[name][0].split()[0]


def test_every_state_column_belongs_to_a_workflow() -> None:
    stateful = {
        model
        for model in apps.get_models()
        if any(isinstance(f, StateField) for f in model._meta.fields)
        and not hasattr(model, "history_object")
    }
    assert stateful == {model_of(name) for name in DRAWN}


@pytest.mark.parametrize("name", DRAWN)
def test_what_is_signed_says_what_the_signature_covers(name: str) -> None:
    if any("S" in asks for *_, asks in drawn_steps(name).values()):
        assert isinstance(model_of(name)(), Signable)


@pytest.mark.parametrize("name", DRAWN)
def test_every_state_but_the_last_ones_can_be_left_and_all_can_be_reached(name: str) -> None:
    states, drawn = DRAWN[name][0].split(), drawn_steps(name)
    reached = {states[0]}
    for _ in states:
        reached |= {t for sources, t, _, _ in drawn.values() if sources & reached}
    assert reached == set(states)
