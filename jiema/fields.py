"""Fields of customers' forms."""

import re
import unicodedata
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from jiema import languages

CURRENCY = re.compile(r"^(?:US\$|USD|\$)\s*|\s*(?:US\$|USD|\$)$", re.IGNORECASE)
PLAIN = re.compile(r"([0-9]+)(?:[.,]([0-9]{1,2}))?")
GROUPED = re.compile(
    r"([1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.([0-9]{1,2}))?|([1-9][0-9]{0,2}(?:\.[0-9]{3})+)(?:,([0-9]{1,2}))?"
)
TWO_WAYS = re.compile(r"([1-9][0-9]{0,2})[.,]([0-9]{3})")


class DollarsField(forms.Field):
    """An amount of US dollars, typed as people write it where they are: 12.50, 12,50, 1,250.00 or 1.250,00.

    Money goes by it, so 1.250, which is a thousand and more to some and a bit over one to others, is refused.
    """

    widget = forms.TextInput(attrs={"inputmode": "decimal"})
    default_error_messages = {
        "invalid": _("Please enter an amount, such as 25 or %(example)s."),
        "two_ways": _("This can be read in two ways. Please write %(large)s or %(small)s."),
    }

    def __init__(self, *, least: Decimal, most: Decimal, **options: Any) -> None:
        super().__init__(**options)
        self.validators += [MinValueValidator(least), MaxValueValidator(most)]

    def to_python(self, value: Any) -> Decimal | None:
        text = CURRENCY.sub("", _in_ascii(str(value or "")).strip())
        if not text:
            return None
        if match := TWO_WAYS.fullmatch(text):
            ways = {"large": "".join(match.groups()), "small": _written(Decimal(".".join(match.groups())))}
            raise ValidationError(self.error_messages["two_ways"], "two_ways", ways)
        match = PLAIN.fullmatch(text) or GROUPED.fullmatch(text)
        if not match:
            raise ValidationError(self.error_messages["invalid"], "invalid", {"example": _written(Decimal("12.50"))})
        whole, cents, *_rest = [each for each in match.groups() if each] + ["0"]
        return Decimal(f"{re.sub('[.,]', '', whole)}.{cents}")

    def prepare_value(self, value: Any) -> Any:
        return _written(value) if isinstance(value, Decimal) else value


def _in_ascii(text: str) -> str:
    """Digits, signs and spaces of other scripts and widths as the plain ones."""
    return "".join(map(_plain, text))


def _plain(sign: str) -> str:
    """Small and circled digits stay what they are, and no amount: 12⁵⁰ is not 1250."""
    if unicodedata.numeric(sign, None) is None:
        return unicodedata.normalize("NFKC", sign)
    return str(unicodedata.decimal(sign, sign))


def _written(amount: Decimal) -> str:
    """With the reader's decimal sign, and nothing between thousands."""
    return f"{amount:.2f}".replace(".", languages.decimal_sign())
