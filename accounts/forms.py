from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jiema.fields import DollarsField


class ApiKeyForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=60,
        help_text=_("What will use it, such as “signup tests”."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


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
        label=_("Amount in US dollars"),
        max_digits=11,
        decimal_places=2,
        help_text=_("A negative amount takes money."),
    )
    reason = forms.CharField(label=_("Reason"), max_length=200)
    token = forms.CharField(widget=forms.HiddenInput, max_length=40)

    def clean_amount(self) -> int:
        cents = int(self.cleaned_data["amount"] * 100)
        if cents == 0:
            raise forms.ValidationError(_("The amount is zero."))
        return cents
