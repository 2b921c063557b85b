from jiema.api.errors import DomainError


class BadService(DomainError):
    code = "BAD_SERVICE"
    text = "This service is not known; see /api/v1/services."


class BadCountry(DomainError):
    code = "BAD_COUNTRY"
    text = "This country is not known; see /api/v1/countries."


class NoNumbers(DomainError):
    code = "NO_NUMBERS"
    text = "There is no number for this service and country right now."
