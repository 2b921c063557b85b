from django.http import HttpRequest

from accounts.models import User


class CustomerRequest(HttpRequest):
    """Of somebody who is signed in."""

    user: User
