from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Language
from accounts.zones import zone_choices, zone_or_none
from jiema.fields import DollarsField


class TermsForm(forms.Form):
    """What a sign-up has to say yes to."""

    accept_terms = forms.BooleanField(
        label=_("I accept the terms"),
        error_messages={"required": _("An account needs your yes to the terms.")},
    )


class ProfileForm(forms.Form):
    display_name = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=60,
        help_text=_("How we address you. It may stay empty."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    lang = forms.ChoiceField(
        label=_("Language"), choices=Language.choices, help_text=_("Of these pages and of our mails.")
    )
    time_zone = forms.CharField(
        label=_("Time zone"),
        required=False,
        max_length=40,
        help_text=_("Times are shown in it."),
        widget=forms.Select(),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = self.initial.get("time_zone")
        choices: list[Any] = [("", _("As on this device")), ("UTC", "UTC"), *zone_choices()]
        listed = {zone for _label, zones in choices[2:] for zone, _city in zones}
        if own and own != "UTC" and own not in listed:  # one of the second names that a browser told
            choices.insert(1, (own, own))
        self.fields["time_zone"].widget.choices = choices

    def clean_time_zone(self) -> str:
        chosen = str(self.cleaned_data["time_zone"])
        if chosen and zone_or_none(chosen) != chosen:
            raise forms.ValidationError(_("There is no such time zone."))
        return chosen


class NoticesForm(forms.Form):
    """threshold comes in US dollars and goes out as cents; None where the notice is off."""

    is_on = forms.BooleanField(label=_("Send me a mail when my balance gets low"), required=False)
    threshold = DollarsField(
        label=_("Low means under, in US dollars"), required=False, least=Decimal("0.01"), most=Decimal(10_000)
    )

    def clean(self) -> dict[str, Any]:
        wish = self.cleaned_data
        if wish["is_on"] and wish.get("threshold") is None and "threshold" not in self.errors:
            self.add_error("threshold", _("Please say from what balance on."))
        wish["cents"] = int(wish["threshold"] * 100) if wish["is_on"] and wish.get("threshold") else None
        return wish


class AdjustmentForm(forms.Form):
    """Ops' correction of a balance. amount: US dollars, signed."""

    amount = forms.DecimalField(
        label="Amount in US dollars",
        max_digits=11,
        decimal_places=2,
        help_text="A negative amount takes money.",
    )
    reason = forms.CharField(label="Reason", max_length=200)
    token = forms.CharField(widget=forms.HiddenInput, max_length=40)

    def clean_amount(self) -> int:
        cents = int(self.cleaned_data["amount"] * 100)
        if cents == 0:
            raise forms.ValidationError("The amount is zero.")
        return cents
