from django.utils.translation import gettext_lazy as _

from jiema.api.errors import DomainError


class Insufficient(DomainError):
    code = "INSUFFICIENT"
    text = _("The balance is too low. Please top up.")


class ReferenceReused(Exception):
    """The same cause came back with another amount or for another user: a bug of the caller."""
