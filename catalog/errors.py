from django.utils.translation import gettext_lazy as _

from jiema.api.errors import DomainError


class BadService(DomainError):
    code = "BAD_SERVICE"
    text = _("This service is not known; see /api/v1/services.")


class BadCountry(DomainError):
    code = "BAD_COUNTRY"
    text = _("This country is not known; see /api/v1/countries.")


class NoNumbers(DomainError):
    code = "NO_NUMBERS"
    text = _("There is no number for this service and country right now.")
