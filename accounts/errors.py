from django.utils.translation import gettext_lazy as _

from jiema.api.errors import PageError


class EmailTaken(PageError):
    code = "EMAIL_TAKEN"
    text = _("There is an account with this e-mail address already.")


class TooManyKeys(PageError):
    code = "TOO_MANY_KEYS"
    text = _("You have 10 active API keys, which is the most; revoke one first.")


class AlreadyRotated(PageError):
    code = "ALREADY_ROTATED"
    text = _("This key has a new token already, and its former one still works: stop that one first.")


class KeyEnded(PageError):
    code = "KEY_ENDED"
    text = _("This key was revoked or has expired.")
