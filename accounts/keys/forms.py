import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey, Scope
from accounts.services import KeyLimits
from jiema import languages
from jiema.api.addresses import plain_network
from jiema.fields import DollarsField

MOST_NETWORKS = 20
MOST_SERVICES = 50
NO_END = ""
KEEP = "keep"
ENDS = [
    (NO_END, _("No end")),
    ("7", _("In 7 days")),
    ("30", _("In 30 days")),
    ("90", _("In 90 days")),
    ("365", _("In a year")),
]
SCOPES = [
    (Scope.TRADE, _("Read and trade: it may also buy, cancel and ask for the next SMS.")),
    (Scope.READ, _("Read only: balance, prices, orders and their codes.")),
]
OVERLAPS = [
    ("24", _("For 24 hours")),
    ("1", _("For an hour")),
    ("0", _("Not at all: it stops at once")),
]
ServiceCodes = Callable[[Sequence[str]], dict[str, str]]


@cache
def _service_codes() -> ServiceCodes:
    found: ServiceCodes = import_string(settings.API_SERVICE_CODES)
    return found


class ApiKeyForm(forms.Form):
    """A key's name and what it may do; after is_valid `limits` holds the latter."""

    name = forms.CharField(
        label=_("Name"),
        max_length=60,
        help_text=_("What will use it, such as “signup tests”."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scope = forms.ChoiceField(
        label=_("What it may do"), choices=SCOPES, initial=Scope.TRADE, required=False, widget=forms.RadioSelect
    )
    end = forms.ChoiceField(label=_("When it ends"), choices=ENDS, initial=NO_END, required=False)
    daily_cap = DollarsField(
        label=_("Daily spending cap, in US dollars"),
        help_text=_("What it may spend within 24 hours; refunds are taken off. Leave it empty for no cap."),
        required=False,
        least=Decimal("0.01"),
        most=Decimal(100_000),
    )
    services = forms.CharField(
        label=_("Services that it may buy"),
        help_text=_("Names or codes with commas between them, such as Telegram, wa. Leave it empty for all."),
        required=False,
        max_length=2000,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    addresses = forms.CharField(
        label=_("Addresses that it may be used from"),
        help_text=_(
            "IP addresses or networks, one a line, such as 203.0.113.7 or 2001:db8::/32. Empty for everywhere."
        ),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
    )

    @property
    def has_more_limits(self) -> bool:
        """Whether the fields that are folded away hold or want something."""
        return any(self[name].value() or self[name].errors for name in ("daily_cap", "services", "addresses"))

    @property
    def limits(self) -> KeyLimits:
        wish = self.cleaned_data
        return KeyLimits(Scope(wish["scope"]), wish["end"], wish["addresses"], wish["services"], wish["daily_cap"])

    def clean_scope(self) -> str:
        return self.cleaned_data["scope"] or Scope.TRADE

    def clean_end(self) -> datetime | None:
        days = self.cleaned_data["end"]
        return timezone.now() + timedelta(days=int(days)) if days else None

    def clean_daily_cap(self) -> int | None:
        """US cents."""
        amount = self.cleaned_data["daily_cap"]
        return None if amount is None else int(amount * 100)

    def clean_services(self) -> str:
        words = [word.strip() for word in re.split(r"[,\n]", self.cleaned_data["services"]) if word.strip()]
        known = _service_codes()(words)
        unknown = [word for word in words if word not in known]
        if unknown:
            raise forms.ValidationError(_("There is no service called “%(name)s”."), params={"name": unknown[0]})
        codes = list(dict.fromkeys(known[word] for word in words))
        if len(codes) > MOST_SERVICES:
            raise forms.ValidationError(_("%(most)s services at most."), params={"most": MOST_SERVICES})
        return ",".join(codes)

    def clean_addresses(self) -> str:
        networks = [_network(part) for part in re.split(r"[,\s]+", self.cleaned_data["addresses"]) if part]
        if len(networks) > MOST_NETWORKS:
            raise forms.ValidationError(_("%(most)s addresses at most."), params={"most": MOST_NETWORKS})
        return ",".join(dict.fromkeys(networks))


def _network(text: str) -> str:
    try:
        network = plain_network(text)
    except ValueError as error:
        raise forms.ValidationError(
            _("“%(text)s” is neither an IP address nor a network."), params={"text": text}
        ) from error
    return str(network.network_address if network.num_addresses == 1 else network)


class KeyLimitsForm(ApiKeyForm):
    """Of a key that is there; its end stays unless another one is chosen."""

    def __init__(self, data: Any, key: ApiKey) -> None:
        shown = {
            "name": key.name,
            "scope": key.scope,
            "end": KEEP,
            "daily_cap": None if key.daily_cap_cents is None else Decimal(key.daily_cap_cents).scaleb(-2),
            "services": ", ".join(key.service_codes),
            "addresses": "\n".join(key.networks),
        }
        super().__init__(data, initial=shown)
        self._expires_at = key.expires_at
        keep = _("No end") if key.expires_at is None else _kept(key.expires_at)
        choices = [(KEEP, keep), *(ENDS[1:] if key.expires_at is None else ENDS)]
        self.fields["end"] = forms.ChoiceField(label=_("When it ends"), choices=choices, required=False)

    def clean_end(self) -> datetime | None:
        return self._expires_at if self.cleaned_data["end"] == KEEP else super().clean_end()


def _kept(end: datetime) -> str:
    return str(_("On %(day)s, as it is")) % {"day": languages.day(end)}


class RotationForm(forms.Form):
    """replaces: the prefix of the token that the page spoke of."""

    overlap = forms.TypedChoiceField(
        label=_("How long the current token keeps working"),
        choices=OVERLAPS,
        initial="24",
        coerce=lambda hours: timedelta(hours=int(hours)),
        widget=forms.RadioSelect,
    )
    replaces = forms.CharField(widget=forms.HiddenInput, max_length=11)
