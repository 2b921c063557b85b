from jiema.api.errors import DomainError


class WrongCode(DomainError):
    text = "There is no such invitation code."


class InvitesItself(DomainError):
    text = "Nobody is invited by themselves, nor by somebody whom they brought here."
