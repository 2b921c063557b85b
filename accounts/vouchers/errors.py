from django.utils.translation import gettext_lazy as _

from jiema.api.errors import PageError


class UnknownCode(PageError):
    code = "VOUCHER_UNKNOWN"
    text = _("There is no voucher with this code. Please check it for typing errors.")


class UsedCode(PageError):
    code = "VOUCHER_USED"
    text = _("This voucher was already used by another account.")


class ExpiredCode(PageError):
    code = "VOUCHER_EXPIRED"
    text = _("This voucher has expired.")


class StoppedCode(PageError):
    code = "VOUCHER_STOPPED"
    text = _("This voucher was withdrawn and is no longer valid.")


class CapReached(PageError):
    code = "VOUCHER_CAP_REACHED"
    text = _("Your account has already used as many vouchers of this kind as one account may.")


class BatchSpent(PageError):
    code = "VOUCHERS_SPENT"
    text = _("All the money of this offer has been given out.")
