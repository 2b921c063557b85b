from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.wallet.models import Kind
from accounts.wallet.selectors import Period
from jiema.periods import PeriodForm


class StatementForm(PeriodForm):
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[("", _("All")), *Kind.choices])

    def period(self) -> Period:
        return Period(*self.bounds())
