"""The code of the link that brought a visitor, kept by the browser until the sign-up."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse

NAME = "invitation"
SALT = "accounts.referrals"
AGE = timedelta(days=90)


def remember(response: HttpResponse, code: str) -> None:
    response.set_signed_cookie(
        NAME,
        code,
        salt=SALT,
        max_age=AGE,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def remembered(request: HttpRequest) -> str:
    """Empty where there is none, where it is too old, and where somebody wrote it who is not us."""
    return request.get_signed_cookie(NAME, default="", salt=SALT, max_age=AGE) or ""
