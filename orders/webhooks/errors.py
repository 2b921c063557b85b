from django.utils.translation import gettext_lazy as _

from jiema.api.errors import PageError


class TooManyEndpoints(PageError):
    code = "TOO_MANY_ENDPOINTS"
    text = _("You have five active endpoints, which is the most. Switch one off or delete it first.")


class TooManyOff(PageError):
    code = "TOO_MANY_ENDPOINTS"
    text = _("You keep twenty endpoints, which is the most. Delete one first.")


class EndpointOff(PageError):
    code = "ENDPOINT_OFF"
    text = _("This endpoint is switched off. Switch it on first.")


class SwitchedOffByStaff(PageError):
    code = "ENDPOINT_OFF"
    text = _("Our staff switched this endpoint off. Please contact support.")


class BodyGone(PageError):
    code = "BODY_GONE"
    text = _("This delivery is too old to be sent again: its body was removed.")
