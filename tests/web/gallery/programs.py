"""For programs: keys, webhooks."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts import services as accounts
from accounts.keys import views as key_pages
from accounts.models import ApiKey, ApiKeyHour, Scope
from accounts.services import KeyLimits
from orders.webhooks import views as desk_pages
from orders.webhooks.models import Attempt, Delivery, Endpoint, Event
from orders.webhooks.services import desk
from tests.web.gallery.scene import Scene, plain, shown

plain("keys-none", "/account/api-keys")
plain("webhooks-none", "/account/webhooks")


def _key(scene: Scene) -> ApiKey:
    """With every fact that a key can have."""
    end = timezone.now() + timedelta(days=30)
    limits = KeyLimits(Scope.READ, end, "203.0.113.0/24,2001:db8:85a3::8a2e:370:7334", "tg,wa,go", 2500)
    key, _ = accounts.create_api_key(scene.alice.pk, "A long name of a key, such as one for sign-up tests", limits)
    ApiKey.objects.filter(pk=key.pk).update(
        last_used_at=timezone.now(), last_used_address="2001:db8:85a3::8a2e:370:7334"
    )
    ApiKeyHour.objects.create(key=key, hour=timezone.now(), calls=14000)
    return key


@shown("keys", "api_keys")
def _keys(scene: Scene) -> str:
    for name in ("An old one", "bot"):
        accounts.create_api_key(scene.alice.pk, name)
    ApiKey.objects.filter(name="An old one").update(revoked_at=timezone.now())
    key = _key(scene)
    accounts.rotate_api_key(key.user_id, key.pk, key.prefix, timedelta(hours=24))
    return "/account/api-keys"


@shown("key-change", "edit_key")
def _key_change(scene: Scene) -> str:
    return f"/account/api-keys/{_key(scene).pk}"


@shown("key-rotate", "rotate_key")
def _key_rotate(scene: Scene) -> str:
    return f"/account/api-keys/{_key(scene).pk}/rotate"


@shown("key-overlap", "rotate_key")
def _key_overlap(scene: Scene) -> str:
    key = _key(scene)
    accounts.rotate_api_key(key.user_id, key.pk, key.prefix, timedelta(hours=1))
    return f"/account/api-keys/{key.pk}/rotate"


@shown("key-revoke", "revoke_key")
def _key_revoke(scene: Scene) -> str:
    return f"/account/api-keys/{_key(scene).pk}/revoke"


def _endpoint(scene: Scene) -> Endpoint:
    url = "https://hooks.example.com/a/long/address/without/a/place/to/break/it/anywhere?shop=0123456789"
    return desk.add_endpoint(scene.alice.pk, url, list(Event), "test server")[0]


@shown("webhooks", "webhooks")
def _webhooks(scene: Scene) -> str:
    _endpoint(scene)
    desk.disable(scene.alice.pk, _endpoint(scene).pk)
    return "/account/webhooks"


@shown("webhook", "webhook")
def _webhook(scene: Scene) -> str:
    endpoint = _endpoint(scene)
    desk.replace_secret(scene.alice.pk, endpoint.pk)
    scene.received(), scene.cancelled()
    return f"/account/webhooks/{endpoint.pk}"


@shown("webhook-change", "webhook_edit")
def _webhook_change(scene: Scene) -> str:
    return f"/account/webhooks/{_endpoint(scene).pk}/edit"


@shown("webhook-delivery", "delivery")
def _webhook_delivery(scene: Scene) -> str:
    endpoint = _endpoint(scene)
    scene.received()
    Delivery.objects.update(state="failed", due_at=None)
    for status, trouble in ((500, ""), (None, "tls")):
        Attempt.objects.create(
            delivery=Delivery.objects.get(endpoint=endpoint),
            at=1_700_000_000,
            signature="v1," + "k" * 44,
            status=status,
            trouble=trouble,
            answer="Internal error " * 40,
            took_ms=1234,
        )
    return f"/account/webhooks/deliveries/{Delivery.objects.get().pk}"


@shown("key-fresh", "api_keys")
def _key_fresh(scene: Scene) -> str:
    """As after making one, which a page can be looked at but once."""
    _, token = accounts.create_api_key(scene.alice.pk, "bot")
    page = key_pages._keys_page
    scene.patches.setattr(key_pages, "_keys_page", lambda request, form, _: page(request, form, token))
    return "/account/api-keys"


@shown("webhook-fresh", "webhook")
def _webhook_fresh(scene: Scene) -> str:
    page, secret = desk_pages._endpoint_page, f"whsec_{'k' * 44}"

    def with_secret(request: Any, endpoint: Endpoint) -> Any:
        return page(request, endpoint, secret)

    scene.patches.setattr(desk_pages, "_endpoint_page", with_secret)
    return f"/account/webhooks/{_endpoint(scene).pk}"


@shown("webhook-delete", "webhook_delete")
def _webhook_delete(scene: Scene) -> str:
    return f"/account/webhooks/{_endpoint(scene).pk}/delete"
