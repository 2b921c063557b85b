"""Pages for whoever comes."""

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from django.test import Client

from accounts.emails import confirm_email
from catalog.models import Price, Provider, ServiceSummary
from catalog.services.providers import pause_provider
from jiema.docs.pages import pages
from jiema.status import snapshot
from orders.services.stopping import stop_sales
from tests.web.gallery.scene import Scene, plain, shown

plain("front", "/", public=True)
plain("services", "/buy", public=True)
plain("services-none", "/buy?q=zzzzzz", public=True)
plain("services-typo", "/buy?q=telegarm", public=True)
plain("countries-guest", "/buy/telegram", public=True)
plain("countries-typo", "/buy/telegram?country=malesia", public=True)
plain("countries-none", "/buy/telegram?country=zzzzzz", public=True)
plain("terms", "/terms", public=True)
for docs in pages():
    plain(f"docs-{docs.slug or 'start'}", docs.url, public=True)
plain("sign-in", "/accounts/login/", public=True)
plain("sign-up", "/accounts/signup/", public=True)
plain("reset", "/accounts/password/reset/", public=True)
plain("reset-sent", "/accounts/password/reset/done/", public=True)
plain("reset-over", "/accounts/password/reset/key/x-y/", public=True)
plain("reset-done", "/accounts/password/reset/key/done/", public=True)
plain("verification-sent", "/accounts/confirm-email/", public=True)
plain("confirm-over", "/accounts/confirm-email/x/", public=True)
plain("inactive", "/accounts/inactive/", public=True)
plain("closed", "/account/closed", public=True)


@shown("sold-out", "buy", public=True)
def _sold_out(scene: Scene) -> str:
    ServiceSummary.objects.all().delete()
    Price.objects.all().delete()
    return "/buy"


@shown("countries-sold-out", "counter", public=True)
def _countries_sold_out(scene: Scene) -> str:
    _sold_out(scene)
    return "/buy/telegram"


@shown("confirm", "account_confirm_email", public=True)
def _confirm(scene: Scene) -> str:
    address = EmailAddress.objects.create(user=scene.alice, email=scene.alice.email, primary=True)
    return f"/accounts/confirm-email/{EmailConfirmationHMAC(address).key}/"


@shown("reset-new", "account_reset_password_from_key", public=True)
def _reset_new(scene: Scene) -> str:
    confirm_email(scene.alice)
    key = f"{user_pk_to_url_str(scene.alice)}-{default_token_generator.make_token(scene.alice)}"
    visitor = Client()
    address = visitor.get(f"/accounts/password/reset/key/{key}/")["Location"]
    scene.carry(visitor)
    return str(address)


@shown("status", "status", public=True)
def _status(scene: Scene) -> str:
    snapshot.forget()
    return "/status"


@shown("status-impaired", "status", public=True)
def _status_impaired(scene: Scene) -> str:
    pause_provider(Provider.objects.get().pk, "NO_BALANCE")
    return _status(scene)


@shown("status-stopped", "status", public=True)
def _status_stopped(scene: Scene) -> str:
    stop_sales("The books do not add up.")
    return _status(scene)
