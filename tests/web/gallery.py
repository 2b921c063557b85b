"""Every page of the shop in each of its states: how it comes about, and its address."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from allauth.account.internal.flows import login
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.sessions.backends.cached_db import SessionStore
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts import services as accounts
from accounts.emails import confirm_email
from accounts.models import ApiKey, ApiKeyHour, Scope, User
from accounts.services import KeyLimits
from accounts.topups.models import Method, TopUp, TopUpState
from accounts.wallet import services as wallet
from jiema.docs.pages import pages
from orders.webhooks.models import Attempt, Delivery, Endpoint, Event
from orders.webhooks.services import desk
from tests.conftest import Shopper, expire
from tests.paying import pay, wish
from tests.web.conftest import Gateways, signed_in
from tests.web.shopping import buy

SMS = "Telegram code 41790. Do not give it to anyone, even if they say that they are from Telegram."


@dataclass
class Scene:
    """Alice, at a shop that sells and takes payments."""

    shopper: Shopper
    gateways: Gateways

    @property
    def alice(self) -> User:
        return self.shopper.user

    @property
    def client(self) -> Client:
        return signed_in(self.alice)

    def order(self) -> str:
        return buy(self.client).removeprefix("/orders/")

    def received(self) -> str:
        order_id = self.order()
        self.shopper.deliver(order_id, SMS)
        self.shopper.order(order_id)
        return order_id

    def ended(self, order_id: str) -> str:
        expire(order_id, 61)
        self.shopper.order(order_id)
        return order_id

    def cancelled(self) -> str:
        order_id = self.order()
        self.client.post(f"/orders/{order_id}/cancel")
        return order_id

    def wish(self, gateway: str) -> TopUp:
        page = self.client
        form = {"amount": "12.34", "method": gateway, "form": ""}
        page.post("/account/top-up", form)
        return TopUp.objects.latest("pk")

    def sure(self) -> None:
        """Her sessions have just been asked who they are."""
        confirm_email(self.alice)
        asked = {"method": "password", "at": time.time(), "reauthenticated": True}
        for row in Session.objects.all():
            session = SessionStore(row.session_key)
            session[login.AUTHENTICATION_METHODS_SESSION_KEY] = [asked]
            session[login._AUTHENTICATION_METHODS_USER_SESSION_KEY] = self.alice.pk
            session.save()

    def app(self) -> None:
        """She has an authenticator app and recovery codes."""
        self.sure()
        TOTP.activate(self.alice, generate_totp_secret())
        RecoveryCodes.activate(self.alice)


@dataclass(frozen=True)
class Picture:
    """A page in one state. address: makes the state and tells where it is to be seen."""

    name: str
    address: Callable[[Scene], str]
    is_public: bool = False
    status: int = 200


PICTURES: dict[str, Picture] = {}
Address = Callable[[Scene], str]


def _shown(name: str, *, public: bool = False, status: int = 200) -> Callable[[Address], Address]:
    def hang(address: Address) -> Address:
        PICTURES[name] = Picture(name, address, public, status)
        return address

    return hang


def _plain(name: str, address: str, *, public: bool = False, status: int = 200) -> None:
    PICTURES[name] = Picture(name, lambda scene: address, public, status)


_plain("front", "/", public=True)
_plain("services", "/buy", public=True)
_plain("services-none", "/buy?q=zzzzzz", public=True)
_plain("services-typo", "/buy?q=telegarm", public=True)
_plain("countries-none", "/buy/telegram?country=zzzzzz", public=True)
_plain("sign-in", "/accounts/login/", public=True)
_plain("sign-up", "/accounts/signup/", public=True)
_plain("reset", "/accounts/password/reset/", public=True)
_plain("terms", "/terms", public=True)
_plain("status", "/status", public=True)
_plain("not-found", "/nothing", public=True, status=404)
for docs in pages():
    if docs.endpoint is None or docs.slug in ("prices", "create-order"):  # the others are made of the same parts
        _plain(f"docs-{docs.slug or 'start'}", docs.url, public=True)
_plain("countries", "/buy/telegram")
_plain("orders-none", "/orders")
_plain("statement-none", "/account/statement?kind=refund")
_plain("keys-none", "/account/api-keys")
_plain("webhooks-none", "/account/webhooks")
_plain("top-up", "/account/top-up")
_plain("voucher", "/account/voucher")
_plain("notices", "/account/notices")
_plain("referral", "/account/referral")
_plain("dashboard-new", "/dashboard")
_plain("reset-sent", "/accounts/password/reset/done/", public=True)
_plain("reset-over", "/accounts/password/reset/key/x-y/", public=True)
_plain("reset-done", "/accounts/password/reset/key/done/", public=True)
_plain("verification-sent", "/accounts/confirm-email/", public=True)
_plain("confirm-over", "/accounts/confirm-email/x/", public=True)
_plain("inactive", "/accounts/inactive/", public=True)
_plain("closed", "/account/closed", public=True)
_plain("account", "/account")
_plain("profile", "/account/profile")
_plain("email", "/accounts/email/")
_plain("password", "/accounts/password/change/")
_plain("second-factor-none", "/accounts/2fa/")
_plain("sessions", "/accounts/sessions/")
_plain("passkeys-none", "/accounts/2fa/webauthn/")
_plain("reauthenticate", "/accounts/reauthenticate/")
_plain("sign-out", "/accounts/logout/")


@_shown("app-set-up")
def _app_set_up(scene: Scene) -> str:
    scene.sure()
    return "/accounts/2fa/totp/activate/"


@_shown("passkey-new")
def _passkey_new(scene: Scene) -> str:
    scene.sure()
    return "/accounts/2fa/webauthn/add/"


@_shown("export")
def _export(scene: Scene) -> str:
    scene.sure()
    return "/account/export"


@_shown("close-tied")
def _close_tied(scene: Scene) -> str:
    scene.order(), scene.sure()
    return "/account/close"


@_shown("close")
def _close(scene: Scene) -> str:
    wallet.adjust(scene.alice.pk, -scene.shopper.balance(), "spent", reason="spent", actor="tests")
    scene.sure()
    return "/account/close"


@_shown("second-factor")
def _second_factor(scene: Scene) -> str:
    scene.app()
    return "/accounts/2fa/"


@_shown("recovery-codes")
def _recovery_codes(scene: Scene) -> str:
    scene.app()
    return "/accounts/2fa/recovery-codes/"


@_shown("recovery-codes-new")
def _recovery_codes_new(scene: Scene) -> str:
    scene.app()
    return "/accounts/2fa/recovery-codes/generate/"


@_shown("app-off")
def _app_off(scene: Scene) -> str:
    scene.app()
    return "/accounts/2fa/totp/deactivate/"


@_shown("dashboard")
def _dashboard(scene: Scene) -> str:
    scene.received(), scene.cancelled(), scene.order()
    return "/dashboard"


@_shown("orders")
def _orders(scene: Scene) -> str:
    scene.received(), scene.cancelled(), scene.order()
    return "/orders"


@_shown("order-waiting")
def _order_waiting(scene: Scene) -> str:
    return f"/orders/{scene.order()}"


@_shown("order-received")
def _order_received(scene: Scene) -> str:
    return f"/orders/{scene.received()}"


@_shown("order-completed")
def _order_completed(scene: Scene) -> str:
    return f"/orders/{scene.ended(scene.received())}"


@_shown("order-failed")
def _order_failed(scene: Scene) -> str:
    return f"/orders/{scene.ended(scene.order())}"


@_shown("order-cancelled")
def _order_cancelled(scene: Scene) -> str:
    return f"/orders/{scene.cancelled()}"


@_shown("order-unknown")
def _order_unknown(scene: Scene) -> str:
    scene.shopper.sandbox.fail("getNumberV2", "sold_then_close")
    return f"/orders/{scene.order()}"


@_shown("statement")
def _statement(scene: Scene) -> str:
    scene.cancelled(), scene.received()
    wallet.adjust(scene.alice.pk, -100, "a-correction", reason="A correction by the shop.", actor="tests")
    return "/account/statement"


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


@_shown("keys")
def _keys(scene: Scene) -> str:
    for name in ("An old one", "bot"):
        accounts.create_api_key(scene.alice.pk, name)
    ApiKey.objects.filter(name="An old one").update(revoked_at=timezone.now())
    key = _key(scene)
    accounts.rotate_api_key(key.user_id, key.pk, key.prefix, timedelta(hours=24))
    return "/account/api-keys"


def _endpoint(scene: Scene) -> Endpoint:
    url = "https://hooks.example.com/a/long/address/without/a/place/to/break/it/anywhere?shop=0123456789"
    return desk.add_endpoint(scene.alice.pk, url, list(Event), "test server")[0]


@_shown("webhooks")
def _webhooks(scene: Scene) -> str:
    _endpoint(scene)
    desk.disable(scene.alice.pk, _endpoint(scene).pk)
    return "/account/webhooks"


@_shown("webhook")
def _webhook(scene: Scene) -> str:
    endpoint = _endpoint(scene)
    desk.replace_secret(scene.alice.pk, endpoint.pk)
    scene.received(), scene.cancelled()
    return f"/account/webhooks/{endpoint.pk}"


@_shown("webhook-change")
def _webhook_change(scene: Scene) -> str:
    return f"/account/webhooks/{_endpoint(scene).pk}/edit"


@_shown("webhook-delivery")
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


@_shown("key-change")
def _key_change(scene: Scene) -> str:
    return f"/account/api-keys/{_key(scene).pk}"


@_shown("key-rotate")
def _key_rotate(scene: Scene) -> str:
    return f"/account/api-keys/{_key(scene).pk}/rotate"


@_shown("key-overlap")
def _key_overlap(scene: Scene) -> str:
    key = _key(scene)
    accounts.rotate_api_key(key.user_id, key.pk, key.prefix, timedelta(hours=1))
    return f"/account/api-keys/{key.pk}/rotate"


@_shown("key-revoke")
def _key_revoke(scene: Scene) -> str:
    return f"/account/api-keys/{_key(scene).pk}/revoke"


@_shown("payment-card")
def _payment_card(scene: Scene) -> str:
    return f"/account/top-up/{scene.wish(Method.SANDBOX).pk}"


@_shown("payment-usdt")
def _payment_usdt(scene: Scene) -> str:
    return f"/account/top-up/{scene.wish(Method.TRON).pk}"


@_shown("payment-bank")
def _payment_bank(scene: Scene) -> str:
    return f"/account/top-up/{scene.wish(Method.BANK).pk}"


@_shown("payment-credited")
def _payment_credited(scene: Scene) -> str:
    return f"/account/top-up/{pay(wish(scene.alice, 1234)).pk}"


@_shown("receipt")
def _receipt(scene: Scene) -> str:
    return f"/account/top-up/{pay(wish(scene.alice, 1234)).pk}/receipt"


@_shown("payment-expired")
def _payment_expired(scene: Scene) -> str:
    found = wish(scene.alice, 1234)
    TopUp.objects.filter(pk=found.pk).update(state=TopUpState.EXPIRED)
    return f"/account/top-up/{found.pk}"
