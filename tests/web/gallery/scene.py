"""What pictures are made of: Alice at a shop, and the list that a picture is hung on."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from allauth.account.internal.flows import login
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.backends.cached_db import SessionStore
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import Resolver404, resolve
from playwright.sync_api import BrowserContext
from pytest_django import Settings

from accounts.emails import confirm_email
from accounts.models import User
from accounts.topups.models import TopUp
from tests.conftest import Shopper, expire
from tests.web.conftest import Gateways, signed_in
from tests.web.shopping import buy
from tests.web.till import bring

SMS = "Telegram code 41790. Do not give it to anyone, even if they say that they are from Telegram."


@dataclass
class Scene:
    """Alice, at a shop that sells and takes payments, and the browser that the picture is seen in."""

    shopper: Shopper
    gateways: Gateways
    context: BrowserContext
    shop: str
    settings: Settings
    patches: pytest.MonkeyPatch

    @property
    def alice(self) -> User:
        return self.shopper.user

    @property
    def client(self) -> Client:
        return signed_in(self.alice)

    def carry(self, client: Client) -> None:
        """The browser goes on where this client is."""
        bring(self.context, self.shop, client)

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
            session[HASH_SESSION_KEY] = self.alice.get_session_auth_hash()
            session.save()

    def app(self) -> None:
        """She has an authenticator app and recovery codes."""
        self.sure()
        TOTP.activate(self.alice, generate_totp_secret())
        RecoveryCodes.activate(self.alice)


Address = Callable[[Scene], str]


@dataclass(frozen=True)
class Picture:
    """A page in one state. address: makes the state and tells where it is to be seen.

    page: the name of its URL pattern; empty where no page answers.
    """

    name: str
    page: str
    address: Address
    is_public: bool = False
    status: int = 200


PICTURES: dict[str, Picture] = {}


def shown(name: str, page: str, *, public: bool = False, status: int = 200) -> Callable[[Address], Address]:
    """The decorator of a function that makes the state."""

    def hang(address: Address) -> Address:
        assert name not in PICTURES
        PICTURES[name] = Picture(name, page, address, public, status)
        return address

    return hang


def plain(name: str, address: str, *, public: bool = False, status: int = 200) -> None:
    """A page that needs no state."""
    shown(name, page_at(address), public=public, status=status)(lambda scene: address)


def page_at(address: str) -> str:
    """The name of the URL pattern that answers there; empty where none does."""
    try:
        return resolve(address.partition("?")[0]).url_name or ""
    except Resolver404:
        return ""
