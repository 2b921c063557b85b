"""What keeps numbers from being sold: a stop of all sales, and the brake on accounts that only cancel."""

import math

import structlog
from django.conf import settings
from django.db import connection
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from jiema.alarms.services import clear_alarm, raise_alarm
from jiema.api.errors import RateLimited
from orders.errors import UpstreamUnavailable
from orders.models import SalesStop

RETRY_SECONDS = 60
BRAKE_SECONDS = 3600
log = structlog.get_logger(__name__)

# The newest orders of the account, as many as the brake looks at: how many, how many cancelled, the oldest's age.
_STATE = """
SELECT EXISTS (SELECT FROM orders_salesstop WHERE lifted_at IS NULL),
       count(*), count(*) FILTER (WHERE status = 'CANCELLED'), extract(epoch FROM now() - min(created_at))
FROM (SELECT status, created_at FROM orders_order WHERE user_id = %s ORDER BY id DESC LIMIT %s) newest
"""


def require_sales(user_id: str) -> None:
    """Raises UpstreamUnavailable while sales are stopped, RateLimited while the account's brake holds."""
    watched = settings.CANCEL_BRAKE_ORDERS
    with connection.cursor() as cursor:
        cursor.execute(_STATE, [user_id, watched])
        is_stopped, orders, cancelled, age = cursor.fetchone()
    if is_stopped:
        raise UpstreamUnavailable(retry_after=RETRY_SECONDS)
    is_rushed = watched and orders == watched and age < BRAKE_SECONDS
    if is_rushed and cancelled * 100 >= watched * settings.CANCEL_BRAKE_PERCENT:
        raise_alarm("cancel_brake", user_id, cancelled=cancelled, orders=orders)
        told = _("%(cancelled)s of your last %(orders)s orders were cancelled; please wait before you order again.")
        raise RateLimited(
            told % {"cancelled": cancelled, "orders": orders}, retry_after=math.ceil(BRAKE_SECONDS - age) or 1
        )


def stop_sales(reason: str, actor: str = "the shop itself") -> bool:
    """No number is sold until a person lifts it. True where this reason did not stop sales already."""
    _, is_new = SalesStop.objects.get_or_create(reason=reason[:200], lifted_at=None, defaults={"stopped_by": actor})
    if is_new:
        raise_alarm("sales_stopped", reason, by=actor)
    return is_new


def lift_stop(stop_id: int, actor: str) -> bool:
    """True where it was still in force."""
    stop = SalesStop.objects.get(pk=stop_id)
    lifted = SalesStop.objects.filter(pk=stop_id, lifted_at=None).update(lifted_at=Now(), lifted_by=actor)
    if lifted:
        log.warning("sales_stop_lifted", reason=stop.reason, actor=actor)
        clear_alarm("sales_stopped", stop.reason)
    return bool(lifted)
