from typing import Any

from allauth.core import context
from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.forms import TermsForm
from accounts.models import User
from accounts.referrals import cookie
from accounts.referrals.models import Via
from accounts.referrals.selectors import find_inviter
from accounts.referrals.services import is_same_mailbox


class InvitationForm(TermsForm):
    """What the form of the sign-up asks beyond e-mail address and password. The link fills it in."""

    invitation_code = forms.CharField(
        label=_("Invitation code (optional)"),
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    field_order = ["email", "password1", "invitation_code", "accept_terms"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.linked_code = cookie.remembered(context.request)
        if find_inviter(self.linked_code):
            self.fields["invitation_code"].initial = self.linked_code

    def clean_invitation_code(self) -> str:
        """A code that came by the link is nobody's fault; one that was typed has to be right."""
        code = str(self.cleaned_data["invitation_code"]).strip().lower()
        if code and code != self.linked_code and not self._is_anothers(code):
            raise forms.ValidationError(_("There is no such invitation code. Correct it, or leave it out."))
        return code

    def _is_anothers(self, code: str) -> bool:
        inviter = find_inviter(code)
        return inviter is not None and not is_same_mailbox(inviter.email, self.cleaned_data.get("email") or "")

    @property
    def via(self) -> Via:
        return Via.LINK if self.cleaned_data["invitation_code"] == self.linked_code else Via.CODE

    def signup(self, request: HttpRequest, user: User) -> None:
        """Nothing is left to do: the adapter has done it, in the transaction that made the account."""
