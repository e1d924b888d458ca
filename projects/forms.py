"""What people type into the pages of this app, checked before a service is asked."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.permissions import DUTY_OF, Duty, Role
from studies.models import StudySite
from ui.moments import EARLIEST_DAY, LATEST_DAY
from ui.records import FormError


def zone_choices() -> list[tuple[str, str]]:
    """Return the IANA time zones by name."""
    zones = sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")
    return [(zone, zone.replace("_", " ")) for zone in zones]


def errors_of(form: forms.Form) -> list[FormError]:
    """Return the errors of a form for the summary on top of the page."""
    found = [FormError(text=str(text)) for text in form.non_field_errors()]
    for field in form:
        found += [
            FormError(text=f"{field.label}: {text}", anchor=field.id_for_label)
            for text in field.errors
        ]
    return found


class DayInput(forms.DateInput):
    """A date in the browser's own picker; it sends ISO 8601."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class Day(forms.DateField):
    """A day of a study; one before 1900 or after 2199 is a typing mistake."""

    def __init__(self, **kwargs: Any) -> None:
        within = [MinValueValidator(EARLIEST_DAY), MaxValueValidator(LATEST_DAY)]
        super().__init__(widget=DayInput, validators=within, **kwargs)


class RegisterSubject(forms.Form):
    """A new subject of a site."""

    site = forms.ChoiceField(label=_("Site"))
    code = forms.RegexField(
        label=_("Subject code"),
        regex=r"^[A-Za-z0-9][A-Za-z0-9-]{1,23}$",
        help_text=_("As the site uses it in the study, never a name or a hospital number."),
        error_messages={"invalid": _("Use 2 to 24 letters, digits and hyphens.")},
    )
    enrolment = Day(
        label=_("Enrolment date"),
        help_text=_("Visit windows are counted from this date."),
    )
    source = forms.CharField(label=_("Where the date comes from"), max_length=60)

    def __init__(self, *args: Any, sites: list[StudySite], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["site"].choices = [(str(s.pk), str(s)) for s in sites]  # type: ignore[attr-defined]


class CorrectDate(forms.Form):
    """A corrected date of a subject."""

    date = Day(label=_("Corrected date"))
    source = forms.CharField(label=_("Where the date comes from"), max_length=60)


class Invite(forms.Form):
    """A person to invite into a study."""

    printed_name = forms.CharField(label=_("Printed name"), max_length=200)
    email = forms.EmailField(label=_("E-mail address"), max_length=254)
    organisation = forms.CharField(label=_("Organisation"), max_length=200, required=False)
    role = forms.ChoiceField(label=_("Role"))
    sites = forms.MultipleChoiceField(
        label=_("Sites, for site users"),
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input m-0"}),
    )

    def __init__(self, *args: Any, sites: list[StudySite], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = [(r.value, r.label) for r in Role if r != Role.ADMINISTRATOR]
        self.fields["role"].choices = roles  # type: ignore[attr-defined]
        self.fields["sites"].choices = [(str(s.pk), str(s)) for s in sites]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A site user needs sites; nobody else has any."""
        given: dict[str, Any] = super().clean() or {}
        bound = DUTY_OF.get(given.get("role", "")) == Duty.SITE
        if bound and not given.get("sites"):
            self.add_error("sites", _("Choose at least one site."))
        if not bound:
            given["sites"] = []
        return given


class InviteAdministrator(forms.Form):
    """An administrator to invite."""

    printed_name = forms.CharField(label=_("Printed name"), max_length=200)
    email = forms.EmailField(label=_("E-mail address"), max_length=254)
    organisation = forms.CharField(label=_("Organisation"), max_length=200, required=False)


class NewPassword(forms.Form):
    """The password and time zone of a person who accepts an invitation."""

    password = forms.CharField(
        label=_("Password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 12 characters. A sentence is easy to remember."),
    )
    again = forms.CharField(
        label=_("Password once more"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=zone_choices, initial="UTC")

    def __init__(self, *args: Any, email: str, printed_name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = User(email=email, printed_name=printed_name)

    def clean(self) -> dict[str, Any]:
        """Both passwords agree and are strong enough."""
        given: dict[str, Any] = super().clean() or {}
        password = given.get("password", "")
        if password and password != given.get("again"):
            self.add_error("again", _("The two passwords differ."))
        elif password:
            try:
                validate_password(password, self.person)
            except ValidationError as error:
                self.add_error("password", error)
        return given


class Profile(forms.Form):
    """What people may change of their own account."""

    printed_name = forms.CharField(
        label=_("Printed name"),
        max_length=200,
        help_text=_(
            "It stands beside your acts and signatures from now on; earlier ones keep theirs."
        ),
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=zone_choices)


class NewToken(forms.Form):
    """A key for a machine."""

    label = forms.CharField(label=_("What the key is for"), max_length=100)
    days = forms.IntegerField(label=_("Days it holds"), min_value=1, max_value=365, initial=90)


class Identity(forms.Form):
    """How somebody's identity was verified."""

    how = forms.CharField(
        label=_("How the identity was verified"),
        max_length=200,
        help_text=_("For example: passport seen in a video call."),
    )
