from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _


class TopUpForm(forms.Form):
    """amount comes in US dollars and goes out as cents."""

    amount = forms.DecimalField(
        label=_("Another amount in US dollars"),
        min_value=Decimal(1),
        max_value=Decimal(1000),
        decimal_places=2,
        help_text=_("From $1 to $1000."),
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "autocomplete": "transaction-amount"}),
    )

    def clean_amount(self) -> int:
        return int(self.cleaned_data["amount"] * 100)
