from decimal import Decimal
from typing import Any

from django import template
from django.db.models import Min

from catalog.models import Price
from jiema import money

register = template.Library()


@register.filter
def dollars(cents: Any) -> str:
    """US cents, a whole number."""
    return money.dollars(int(cents))


@register.filter
def signed_dollars(cents: int) -> str:
    return ("+" if cents > 0 else "") + money.dollars(cents)


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


@register.simple_tag
def telegram_price() -> int | None:
    """US cents of the cheapest Telegram number on sale: what an amount is good for, in the best-known unit."""
    lowest: int | None = Price.objects.filter(service_id="tg").aggregate(lowest=Min("price_cents"))["lowest"]
    return lowest


@register.filter
def codes_for(cents: int, price_cents: int) -> int:
    return cents // price_cents
