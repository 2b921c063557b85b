from jiema.api.errors import DomainError


class NoGateway(DomainError):
    code, status = "NO_GATEWAY", 503
    text = "There is no way to pay right now."
