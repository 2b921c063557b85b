from jiema.api.errors import PageError


class WrongCode(PageError):
    text = "There is no such invitation code."


class InvitesItself(PageError):
    text = "Nobody is invited by themselves, nor by somebody whom they brought here."
