from django.utils.translation import gettext_noop

from jiema.api.errors import PageError


class UnknownCode(PageError):
    code = "VOUCHER_UNKNOWN"
    text = gettext_noop("There is no voucher with this code. Please check it for typing errors.")


class UsedCode(PageError):
    code = "VOUCHER_USED"
    text = gettext_noop("This voucher was already used by another account.")


class ExpiredCode(PageError):
    code = "VOUCHER_EXPIRED"
    text = gettext_noop("This voucher has expired.")


class StoppedCode(PageError):
    code = "VOUCHER_STOPPED"
    text = gettext_noop("This voucher was withdrawn and is no longer valid.")


class CapReached(PageError):
    code = "VOUCHER_CAP_REACHED"
    text = gettext_noop("Your account has already used as many vouchers of this kind as one account may.")


class BatchSpent(PageError):
    code = "VOUCHERS_SPENT"
    text = gettext_noop("All the money of this offer has been given out.")
