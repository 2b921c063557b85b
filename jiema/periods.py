from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as StrOrPromise

SANE = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2100, 1, 1))]


class DayField(forms.DateField):
    def __init__(self, label: StrOrPromise) -> None:
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        super().__init__(label=label, required=False, input_formats=["%Y-%m-%d"], validators=SANE, widget=widget)


class PeriodForm(forms.Form):
    """Both days are in the period; a day is the reader's, by the time zone of the request."""

    since = DayField(_("From"))
    until = DayField(_("To"))

    def bounds(self) -> tuple[datetime | None, datetime | None]:
        """The period's first moment, and the first one after it; None where it has no end on that side."""
        first, last = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        return _midnight(first), _midnight(last + timedelta(days=1) if last else None)


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time.min, timezone.get_current_timezone()) if day else None
