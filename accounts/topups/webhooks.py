import structlog
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.topups import methods
from accounts.topups.gateways.base import BadSignature
from accounts.topups.services import inbox

BODY_BYTES = 512_000
log = structlog.get_logger(__name__)


@csrf_exempt
@require_POST
def receive(request: HttpRequest, gateway: str) -> HttpResponse:
    """200 once an event is kept, also for one that was kept before; 400 for what is not the gateway's."""
    length = request.headers.get("Content-Length", "")
    if length.isascii() and length.isdecimal() and int(length) > BODY_BYTES:
        return HttpResponse("too large", status=413, content_type="text/plain")
    if not methods.is_known(gateway) or not methods.is_configured(gateway):
        return HttpResponse("no such gateway", status=404, content_type="text/plain")
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        inbox.receive(gateway, request.body, headers)
    except BadSignature as error:
        log.warning("webhook_refused", gateway=gateway, why=error.why)
        return HttpResponse("bad signature", status=400, content_type="text/plain")
    return HttpResponse("ok", content_type="text/plain")
