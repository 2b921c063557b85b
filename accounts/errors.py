from jiema.api.errors import PageError


class EmailTaken(PageError):
    code = "EMAIL_TAKEN"
    text = "There is an account with this e-mail address already."


class TooManyKeys(PageError):
    code = "TOO_MANY_KEYS"
    text = "You have 10 active API keys, which is the most; revoke one first."
