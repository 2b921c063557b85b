from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.db.models import Min
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from catalog.models import Country, Price
from jiema import languages

register = template.Library()


@register.filter
def dollars(cents: Any) -> str:
    """US cents, a whole number."""
    return languages.dollars(int(cents))


@register.filter
def signed_dollars(cents: int) -> str:
    return ("+" if cents > 0 else "") + languages.dollars(cents)


@register.filter
def number(value: int) -> str:
    return languages.number(value)


@register.filter
def percent(value: float | Decimal) -> str:
    """Of a hundred."""
    return languages.percent(value)


@register.filter
def country_name(country: Country) -> str:
    """In the reader's language; where a provider sells a second kind of numbers in one, that is told."""
    name = languages.territory(country.iso2) if country.iso2 else None
    if name is None:
        return country.name
    return name if country.slug == country.iso2.lower() else _("%(country)s (virtual)") % {"country": name}


@register.simple_tag
def when(value: datetime, style: str = "") -> SafeString:
    """A <time>, in the reader's language and time zone. style: "" for day and minute, or day, clock, seconds, exact."""
    text = {
        "": lambda: languages.day_and_clock(value),
        "day": lambda: languages.day(value),
        "clock": lambda: languages.clock(value),
        "seconds": lambda: languages.clock(value, seconds=True),
        "exact": lambda: languages.day_and_clock(value, seconds=True),
    }[style]()
    return format_html('<time datetime="{}">{}</time>', value.isoformat(timespec="milliseconds"), text)


@register.filter
def moment(value: datetime) -> str:
    """Day and minute, for the middle of a sentence."""
    return languages.day_and_clock(value)


@register.filter
def day(value: date) -> str:
    return languages.day(value)


@register.simple_tag
def icon(name: str) -> SafeString:
    """A picture beside words, out of templates/_icons.svg; it says nothing by itself."""
    return format_html('<svg class="icon" aria-hidden="true" focusable="false"><use href="#i-{}"></use></svg>', name)


@register.filter
def phone(e164: str | None) -> str:
    """+60123456789 in groups, for reading; the copy button has it whole."""
    digits = (e164 or "").removeprefix("+")
    groups = [digits[max(0, end - 3) : end] for end in range(len(digits), 0, -3)][::-1]
    return f"+{' '.join(groups)}"


@register.filter
def order_id(reference: str) -> str:
    """The order that a ledger entry's reference names, or nothing."""
    kind, _, name = reference.partition(":")
    return name if kind == "order" else ""


@register.filter
def top_up_id(reference: str) -> str:
    """The top-up that a ledger entry's reference names, or nothing."""
    kind, _, name = reference.partition(":")
    return name.partition(":")[0] if kind == "topup" else ""


@register.filter
def plain(amount: Decimal) -> str:
    """Without the zeros that say nothing, but for cents: 25.50, 12.3456."""
    text = f"{amount.normalize():f}"
    return text if len(text.partition(".")[2]) > 2 else f"{amount:.2f}"


@register.filter
def whole_dollars(cents: int) -> int:
    return cents // 100


@register.filter
def round_dollars(cents: int) -> str:
    """Of a round amount, for people."""
    return languages.whole_dollars(cents)


@register.simple_tag
def telegram_price() -> int | None:
    """US cents of the cheapest Telegram number on sale: what an amount is good for, in the best-known unit."""
    lowest: int | None = Price.objects.filter(service_id="tg").aggregate(lowest=Min("price_cents"))["lowest"]
    return lowest


@register.filter
def codes_for(cents: int, price_cents: int) -> int:
    return cents // price_cents
