"""The demo shop: one customer with money, one admin, and the sandbox as its provider."""

import hashlib
import hmac
import time
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError

from accounts import selectors, services
from accounts.emails import confirm_email
from accounts.models import User
from accounts.topups.models import Method, PaymentMethod
from accounts.wallet import services as wallet
from catalog.models import Price, PriceRule, Provider
from catalog.services.pricing import set_markup
from catalog.services.providers import set_provider, upstream_for
from catalog.services.syncing import Busy, Refused, sync_catalogue
from catalog.upstream.errors import UpstreamError

CUSTOMER = "demo@example.com"
ADMIN = "admin@example.com"
KEY_NAME = "demo"
GIFT_CENTS = 2500
MARKUP_PERCENT = Decimal(30)
SANDBOX_STARTS_WITHIN = 15.0
SYNC_ENDS_WITHIN = 60.0
# Without 0, 1, i, l, o: they are read aloud and typed.
READABLE = "23456789abcdefghjkmnpqrstuvwxyz"


class NotPossible(Exception):
    """Why there can be no demo shop here, as a sentence."""


@dataclass(frozen=True, slots=True)
class Demo:
    url: str
    email: str
    password: str
    api_key: str
    admin_email: str
    admin_password: str


def load() -> Demo:
    """Make the demo shop, or bring it up to date: everything once, but for a fresh API key each time."""
    if not settings.DEBUG:
        raise NotPossible("The demo shop has passwords that can be worked out, so it needs DEBUG=1.")
    if not settings.SANDBOX_URL:
        raise NotPossible("The demo shop needs SANDBOX_URL: the address of a running sandbox.")
    customer, admin = _user(CUSTOMER, is_staff=False), _user(ADMIN, is_staff=True)
    wallet.adjust(customer.pk, GIFT_CENTS, "demo", reason="Money to try the shop with", actor="demo")
    _open_the_till()
    _stock()
    return Demo(
        url=settings.SITE_URL,
        email=customer.email,
        password=password_of(CUSTOMER),
        api_key=_fresh_key(customer),
        admin_email=admin.email,
        admin_password=password_of(ADMIN),
    )


def password_of(email: str) -> str:
    """16 characters that stay the same for as long as SECRET_KEY does."""
    digest = hmac.digest(settings.SECRET_KEY.encode(), f"demo password of {email}".encode(), hashlib.sha256)
    return "".join(READABLE[byte % len(READABLE)] for byte in digest[:16])


def _user(email: str, *, is_staff: bool) -> User:
    password = password_of(email)
    user = User.objects.filter(email=email).first()
    if user is None:
        user = services.create_user(email, password, is_staff=is_staff)
    elif not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    confirm_email(user)
    return user


def _fresh_key(user: User) -> str:
    for key in selectors.active_keys(user.pk):
        if key.name == KEY_NAME:
            services.revoke_api_key(user.pk, key.pk)
    return services.create_api_key(user.pk, KEY_NAME)[1]


def _open_the_till() -> None:
    """Every way to pay that works here; what ops have changed since stays."""
    for position, gateway in enumerate([Method.SANDBOX, Method.TRON, Method.BANK]):
        fields = {"position": position, "currency": "USDT" if gateway == Method.TRON else "USD"}
        if gateway == Method.BANK:
            fields["minutes"] = 3 * 24 * 60
            fields["instructions"] = "Sandbox Bank\nAccount 0000 0000 0000\nDemo shop"
        PaymentMethod.objects.get_or_create(gateway=gateway, defaults=fields)


def _stock() -> None:
    provider = _provider()
    if not PriceRule.objects.exists():
        set_markup(MARKUP_PERCENT)
    _wait_for(provider)
    try:
        _sync(provider)
    except Refused as refusal:
        if not Price.objects.exists():
            raise NotPossible(f"The sandbox's catalogue was refused: {refusal}.") from refusal


def _sync(provider: Provider) -> None:
    """The worker may be reading the same catalogue at this moment; then its sync does as well."""
    deadline = time.monotonic() + SYNC_ENDS_WITHIN
    while True:
        try:
            sync_catalogue(provider)
            return
        except Busy:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)


def _provider() -> Provider:
    fields = {
        "dialect": "hero",
        "base_url": settings.SANDBOX_URL,
        "api_key": "sandbox",
        "calls_per_second": None,
    }
    try:
        return set_provider("sandbox", fields)[0]
    except ValidationError as error:
        raise NotPossible(f"SANDBOX_URL: {' '.join(error.messages)}") from error


def _wait_for(provider: Provider) -> None:
    """It may be starting at this moment, next to us."""
    deadline = time.monotonic() + SANDBOX_STARTS_WITHIN
    while True:
        try:
            upstream_for(provider).balance()
        except UpstreamError as error:
            if time.monotonic() > deadline:
                raise NotPossible(f"No sandbox answers at {settings.SANDBOX_URL}.") from error
            time.sleep(0.2)
        else:
            return
