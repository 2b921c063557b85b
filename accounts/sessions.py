"""Where an account is signed in, for its owner to see and end."""

from collections.abc import Callable

from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.http import HttpRequest, HttpResponseBase

SEEN_SECONDS = 300


class SessionsMiddleware:
    """Remembers when and from where a session was last used; once in five minutes, not on each of a page's polls."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        # By its key, which is changed by a sign-in, and is none where nobody is signed in.
        key = request.session.session_key
        if key and request.user.is_authenticated and cache.add(f"session-seen:{key}", 1, SEEN_SECONDS):
            UserSession.objects.create_from_request(request)
        return response


def end_sessions(user_id: str) -> None:
    """All of them: the next request of each is a stranger's."""
    for session in UserSession.objects.filter(user_id=user_id):
        session.end()
