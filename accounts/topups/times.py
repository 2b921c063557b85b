"""How long the ways to pay take, in words."""

from django.utils.translation import ngettext

from accounts.topups.models import PaymentMethod

MINUTE, HOUR, DAY = 60, 3600, 86_400


def usual_time(method: PaymentMethod, seconds: float | None) -> str:
    """From the payment to the balance. seconds: the median of the last payments, where there were enough."""
    return method.usual_time if seconds is None else _told(seconds)


def _told(seconds: float) -> str:
    """Rounded up, in the largest unit of which there are two."""
    if seconds < 2 * MINUTE:
        n = _units(seconds, 1)
        return ngettext("usually %(n)d second after you paid", "usually %(n)d seconds after you paid", n) % {"n": n}
    if seconds < 2 * HOUR:
        n = _units(seconds, MINUTE)
        return ngettext("usually %(n)d minute after you paid", "usually %(n)d minutes after you paid", n) % {"n": n}
    if seconds < 2 * DAY:
        n = _units(seconds, HOUR)
        return ngettext("usually %(n)d hour after you paid", "usually %(n)d hours after you paid", n) % {"n": n}
    n = _units(seconds, DAY)
    return ngettext("usually %(n)d day after you paid", "usually %(n)d days after you paid", n) % {"n": n}


def _units(seconds: float, unit: int) -> int:
    return max(1, -int(-seconds // unit))
