from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jiema.fields import DollarsField
from jiema.money import dollars
from jiema.web import same_site_path

SLIP_BYTES = 3_000_000
# How such a file begins, whatever its name and the browser say.
SLIP_BEGINS = {
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "application/pdf": (b"%PDF-",),
}


class TopUpForm(forms.Form):
    """amount comes in US dollars and goes out as cents. The method's own bounds are the service's to check."""

    amount = DollarsField(
        label=_("Amount in US dollars"),
        least=Decimal("0.01"),
        most=Decimal(1_000_000),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "transaction-amount"}),
    )
    method = forms.CharField(max_length=10)
    form = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)
    next = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean_next(self) -> str:
        return same_site_path(self.cleaned_data["next"])

    def clean_amount(self) -> int:
        return int(self.cleaned_data["amount"] * 100)


class SentForm(forms.Form):
    """slip comes in as a file and goes out as (content type, body), or nothing."""

    slip = forms.FileField(
        label=_("Transfer slip (optional)"),
        required=False,
        help_text=_("A picture or PDF of at most 3 MB. It helps us to find your transfer."),
        widget=forms.ClearableFileInput(attrs={"accept": "image/jpeg,image/png,application/pdf"}),
    )

    def clean_slip(self) -> tuple[str, bytes] | None:
        upload = self.cleaned_data["slip"]
        if not upload:
            return None
        if (upload.size or 0) > SLIP_BYTES:
            raise forms.ValidationError(_("The file is larger than 3 MB."))
        body = upload.read()
        for content_type, beginnings in SLIP_BEGINS.items():
            if body.startswith(beginnings):
                return content_type, body
        raise forms.ValidationError(_("The file has to be a JPEG or PNG picture, or a PDF."))


class ApprovalForm(forms.Form):
    """Ops: how much of a bank transfer arrived, in its currency."""

    amount = forms.DecimalField(label="Amount that arrived", min_value=Decimal("0.01"), max_digits=12, decimal_places=2)


class PayBackForm(forms.Form):
    """Ops: amount comes in US dollars and goes out as cents."""

    amount = forms.DecimalField(label="Amount in US dollars", min_value=Decimal("0.01"), decimal_places=2)
    reason = forms.CharField(max_length=200)
    form = forms.CharField(max_length=25, min_length=25, widget=forms.HiddenInput)

    def __init__(self, *args: Any, most: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].help_text = f"{dollars(most)} are unspent."

    def clean_amount(self) -> int:
        return int(self.cleaned_data["amount"] * 100)
