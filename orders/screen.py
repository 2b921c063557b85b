import re
from dataclasses import dataclass

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
    def state(self) -> str:
        """Changes when something on the page does."""
        return f"{self.order.status}-{'n' if self.order.phone else ''}-{len(self.sms)}"

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
    def code(self) -> str:
        return code_in(self.order.sms_body) if self.sms else ""

    @property
    def clock(self) -> str:
        return f"{self.seconds_left // 60}:{self.seconds_left % 60:02}"
