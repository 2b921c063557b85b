import hashlib
import json
from typing import Any

from django.http import HttpRequest, HttpResponse

from catalog.upstream.types import Sms
from jiema.api.addresses import client_address
from jiema.api.envelope import success
from jiema.api.errors import BadRequest, MethodNotAllowed, NotFound
from jiema.api.views import refuse_unprintable
from orders.services.pushing import Push, accept_push, provider_for


def receive(request: HttpRequest, secret: str) -> HttpResponse:
    """POST of a provider: `{"activationId", "text", "code", "receivedAt", …}`, text and code may be null.

    Always 200 for a well-formed push, new or not, so that the provider stops repeating it.
    """
    if request.method != "POST":
        raise MethodNotAllowed(["POST"])
    if not secret.isprintable():
        raise NotFound
    provider = provider_for(secret, client_address(request))
    push = _parse(request.body)
    if push:
        accept_push(provider, push)
    return success({})


def _parse(body: bytes) -> Push | None:
    try:
        data = json.loads(body)
        activation_id = str(data["activationId"])
        refuse_unprintable(data)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadRequest("The body has to be a JSON object with activationId.") from error
    text = _word(data.get("text")) or _word(data.get("code"))
    if not text or len(activation_id) > 32:
        return None
    seed = json.dumps([_word(data.get("receivedAt")), text])
    return Push(activation_id, Sms(body=text, key=hashlib.sha256(seed.encode()).hexdigest()))


def _word(value: Any) -> str:
    return str(value) if isinstance(value, str | int) else ""
