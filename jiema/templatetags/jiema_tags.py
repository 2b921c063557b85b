from typing import Any

from django import template

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
