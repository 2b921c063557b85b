from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.vouchers.models import CODES_AT_MOST, VoucherBatch


class RedeemForm(forms.Form):
    code = forms.CharField(
        label=_("Voucher code"),
        max_length=100,
        help_text=_("16 letters and digits. Spaces, dashes and small letters are fine."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"},
        ),
    )


class BatchForm(forms.ModelForm):  # type: ignore[type-arg]
    """Ops' wish for new codes. value, total_cap: US dollars."""

    size = forms.IntegerField(
        label="Number of codes",
        min_value=1,
        max_value=CODES_AT_MOST,
        help_text="They come as a file when you save. Keep it: afterwards nobody can read them.",
    )
    value = forms.DecimalField(
        label="Value of each in US dollars", min_value=Decimal("0.01"), max_value=1000, decimal_places=2
    )
    per_account = forms.IntegerField(label="Most per account", min_value=1, max_value=CODES_AT_MOST, initial=1)
    total_cap = forms.DecimalField(
        label="Cap in US dollars",
        required=False,
        min_value=Decimal("0.01"),
        max_digits=12,
        decimal_places=2,
        help_text="The most that may be redeemed of all codes together. Empty for all.",
    )

    class Meta:
        model = VoucherBatch
        fields = ["name", "size", "expires_at", "per_account", "note"]
        error_messages = {
            "name": {
                "unique": "There is a batch of this name. If its file of codes was lost, stop it and make another."
            }
        }

    def clean(self) -> dict[str, Any]:
        wish = super().clean() or self.cleaned_data
        value, cap, end = wish.get("value"), wish.get("total_cap"), wish.get("expires_at")
        if value and cap and cap < value:
            self.add_error("total_cap", "The cap is less than one code is worth.")
        if end and end <= timezone.now():
            self.add_error("expires_at", "This is in the past.")
        self.instance.value_cents = int((value or 0) * 100)
        self.instance.total_cap_cents = int(cap * 100) if cap else None
        return wish
