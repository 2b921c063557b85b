from django import forms
from django.utils.translation import gettext_lazy as _


class ApiKeyForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=60,
        help_text=_("What will use it, such as “signup tests”."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


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
