import re
from dataclasses import dataclass
from datetime import datetime

from orders.models import OPEN, REFUNDED, Order, Sms, Status
from orders.services.lifecycle import database_now

CODE = re.compile(r"(?<!\d)(\d{3}[- ]\d{3}|\d{4,8})(?!\d)")


def code_in(text: str | None) -> str:
    """What one would type from an SMS: its first group of 4 to 8 digits; empty where there is none."""
    found = CODE.search(text or "")
    return re.sub(r"\D", "", found.group()) if found else ""


@dataclass(frozen=True, slots=True)
class Screen:
    """An order as its page shows it. seconds_left: by the server's clock, so that no other one matters."""

    order: Order
    sms: list[Sms]
    seconds_left: int

    @classmethod
    def of(cls, order: Order) -> "Screen":
        shown = [] if order.status in REFUNDED else list(Sms.objects.filter(order=order).order_by("-id"))
        left = (order.expires_at - database_now()).total_seconds() if order.expires_at else 0
        return cls(order, shown, max(0, int(left)))

    @property
    def news(self) -> str:
        """Another one where there is something to tell."""
        return f"{self.order.pk}-{self.order.status}-{len(self.sms)}"

    @property
    def is_open(self) -> bool:
        return self.order.status in OPEN

    @property
    def is_cancellable(self) -> bool:
        return self.order.status == Status.WAITING and not self.sms

    @property
    def is_expiring(self) -> bool:
        return self.is_open and self.order.expires_at is not None

    @property
    def is_over(self) -> bool:
        """Its time has ended; for a minute more it stays open."""
        return self.is_expiring and self.seconds_left == 0

    @property
    def code(self) -> str:
        return code_in(self.order.sms_body) if self.sms else ""

    @property
    def clock(self) -> str:
        return clock(self.seconds_left)

    @property
    def dialling_code(self) -> str:
        return dialling_code(self.order.phone or "")

    @property
    def at_home(self) -> str:
        """The number without its country code, for forms that ask for that apart."""
        return (self.order.phone or "").removeprefix(f"+{self.dialling_code}")


@dataclass(frozen=True, slots=True)
class Card:
    """An order in a few words, on a page about something else. seconds_left: by the server's clock."""

    order: Order
    seconds_left: int

    @classmethod
    def of(cls, order: Order, now: datetime) -> "Card":
        left = (order.expires_at - now).total_seconds() if order.expires_at else 0
        return cls(order, max(0, int(left)))

    @property
    def is_open(self) -> bool:
        return self.order.status in OPEN

    @property
    def code(self) -> str:
        """What came last: its code, or where it has none the whole text."""
        text = None if self.order.status in REFUNDED else self.order.sms_body
        return code_in(text) or text or ""

    @property
    def news(self) -> str:
        return f"{self.order.pk}-{self.order.status}-{self.code}"

    @property
    def clock(self) -> str:
        return clock(self.seconds_left)


def clock(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02}"


# ITU-T E.164: country codes of one and of two digits; all others have three.
SHORT_CODES = ("1", "7")
CODES_OF_TWO = re.compile(r"2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]")


def dialling_code(phone: str) -> str:
    """The country code that an E.164 number begins with, without the plus."""
    digits = phone.removeprefix("+")
    if digits.startswith(SHORT_CODES):
        return digits[:1]
    return digits[:2] if CODES_OF_TWO.match(digits) else digits[:3]
