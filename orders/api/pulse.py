"""What open pages ask every other second: is there something new? Answered without the pages' middlewares."""

from django.http import HttpRequest, HttpResponse

from jiema.api.envelope import success
from jiema.api.errors import MethodNotAllowed
from orders.tickets import Ticket, session_key_of
from orders.watching import look


def pulse(request: HttpRequest) -> HttpResponse:
    """204 for as long as the page that holds the ticket shows what is; else it has to ask for its live part anew.

    A ticket that is over, or whose session is, means the same: what follows is decided by the page's own request.
    """
    if request.method != "GET":
        raise MethodNotAllowed(["GET"])
    session_key = session_key_of(request)
    ticket = Ticket.read(request.META.get("HTTP_X_TICKET", ""), session_key)
    if ticket:
        seen = look(ticket.user_id, ticket.order_id, session_key)
        if seen.is_let_in and seen.mark == request.META.get("HTTP_X_SEEN"):
            return HttpResponse(status=204)
    return success({"changed": True})
