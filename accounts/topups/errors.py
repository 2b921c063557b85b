from django.utils.translation import gettext_lazy as _

from jiema.api.errors import PageError


class NoGateway(PageError):
    code, status = "NO_GATEWAY", 503
    text = _("There is no way to pay right now.")


class BadAmount(PageError):
    code = "BAD_AMOUNT"
    text = _("This amount can't be paid in this way.")


class OverCap(PageError):
    code = "OVER_CAP"
    text = _("This would bring your balance over the most that an account may hold.")


class TooManyOpen(PageError):
    code = "TOO_MANY_OPEN"
    text = _("You have 10 payments open, which is the most. Pay one of them, or wait until one expires.")


class GatewayUnavailable(PageError):
    code, status = "GATEWAY_UNAVAILABLE", 503
    text = _("The payment service does not answer. Nothing was taken; please try again in a minute.")


class NotPossible(PageError):
    """An action of ops that this payment does not allow; the message says why."""

    code, status = "NOT_POSSIBLE", 409
    text = "That is not possible."
