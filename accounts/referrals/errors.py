from django.utils.translation import gettext_lazy as _

from jiema.api.errors import PageError


class WrongCode(PageError):
    text = _("There is no such invitation code.")


class InvitesItself(PageError):
    text = _("Nobody is invited by themselves, nor by somebody whom they brought here.")
