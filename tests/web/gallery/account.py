"""Who somebody is: profile, address, password, sessions, data, closing."""

from allauth.account.models import EmailAddress
from django.test import Client

from accounts.wallet import services as wallet
from tests.conftest import PASSWORD
from tests.web.gallery.scene import Scene, plain, shown

plain("account", "/account")
plain("profile", "/account/profile")
plain("notices", "/account/notices")
plain("voucher", "/account/voucher")
plain("referral", "/account/referral")
plain("email", "/accounts/email/")
plain("password", "/accounts/password/change/")
plain("sessions", "/accounts/sessions/")
plain("reauthenticate", "/accounts/reauthenticate/")
plain("sign-out", "/accounts/logout/")


@shown("email-changing", "account_email")
def _email_changing(scene: Scene) -> str:
    scene.sure()
    EmailAddress.objects.create(user=scene.alice, email="alice.with.a.long.name.indeed@mail.example.com")
    return "/accounts/email/"


@shown("password-none", "account_set_password")
def _password_none(scene: Scene) -> str:
    scene.alice.set_unusable_password()
    scene.alice.save()
    scene.sure()
    return "/accounts/password/set/"


@shown("sessions-several", "usersessions_list")
def _sessions_several(scene: Scene) -> str:
    scene.sure()
    phone = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142 Mobile"
    Client().post("/accounts/login/", {"login": scene.alice.email, "password": PASSWORD}, HTTP_USER_AGENT=phone)
    return "/accounts/sessions/"


@shown("export", "export")
def _export(scene: Scene) -> str:
    scene.sure()
    return "/account/export"


@shown("close-tied", "close_account")
def _close_tied(scene: Scene) -> str:
    scene.order(), scene.sure()
    return "/account/close"


@shown("close", "close_account")
def _close(scene: Scene) -> str:
    wallet.adjust(scene.alice.pk, -scene.shopper.balance(), "spent", reason="spent", actor="tests")
    scene.sure()
    return "/account/close"
