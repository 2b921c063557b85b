"""Second factors: an app, passkeys, recovery codes."""

from hashlib import sha256

from allauth.mfa.webauthn.internal.auth import WebAuthn
from django.test import Client
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData

from accounts.emails import confirm_email
from tests.conftest import PASSWORD
from tests.web.gallery.scene import Scene, plain, shown

plain("second-factor-none", "/accounts/2fa/")
plain("passkeys-none", "/accounts/2fa/webauthn/")


def _passkey(scene: Scene) -> int:
    """One that no device holds. Returns its number."""
    scene.sure()
    key = ES256({1: 2, 3: -7, -1: 1, -2: b"x" * 32, -3: b"y" * 32})
    made = AttestedCredentialData.create(Aaguid.NONE, b"i" * 32, key)
    flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV | AuthenticatorData.FLAG.AT
    known = AuthenticatorData.create(sha256(b"localhost").digest(), flags, 0, made)
    credential = {
        "id": websafe_encode(made.credential_id),
        "rawId": websafe_encode(made.credential_id),
        "type": "public-key",
        "clientExtensionResults": {"credProps": {"rk": True}},
        "response": {
            "attestationObject": websafe_encode(AttestationObject.create("none", known, {})),
            "clientDataJSON": websafe_encode(b'{"type":"webauthn.create","challenge":"","origin":"http://localhost"}'),
        },
    }
    return int(WebAuthn.add(scene.alice, "The phone with the cracked glass", credential).instance.pk)


@shown("app-set-up", "mfa_activate_totp")
def _app_set_up(scene: Scene) -> str:
    scene.sure()
    return "/accounts/2fa/totp/activate/"


@shown("app-off", "mfa_deactivate_totp")
def _app_off(scene: Scene) -> str:
    scene.app()
    return "/accounts/2fa/totp/deactivate/"


@shown("second-factor", "mfa_index")
def _second_factor(scene: Scene) -> str:
    scene.app(), _passkey(scene)
    return "/accounts/2fa/"


@shown("recovery-codes", "mfa_view_recovery_codes")
def _recovery_codes(scene: Scene) -> str:
    scene.app()
    return "/accounts/2fa/recovery-codes/"


@shown("recovery-codes-new", "mfa_generate_recovery_codes")
def _recovery_codes_new(scene: Scene) -> str:
    scene.app()
    return "/accounts/2fa/recovery-codes/generate/"


@shown("passkeys", "mfa_list_webauthn")
def _passkeys(scene: Scene) -> str:
    _passkey(scene)
    return "/accounts/2fa/webauthn/"


@shown("passkey-new", "mfa_add_webauthn")
def _passkey_new(scene: Scene) -> str:
    scene.sure()
    return "/accounts/2fa/webauthn/add/"


@shown("passkey-name", "mfa_edit_webauthn")
def _passkey_name(scene: Scene) -> str:
    return f"/accounts/2fa/webauthn/keys/{_passkey(scene)}/edit/"


@shown("passkey-remove", "mfa_remove_webauthn")
def _passkey_remove(scene: Scene) -> str:
    return f"/accounts/2fa/webauthn/keys/{_passkey(scene)}/remove/"


@shown("second-step", "mfa_authenticate", public=True)
def _second_step(scene: Scene) -> str:
    """Between password and second factor."""
    confirm_email(scene.alice)
    scene.app(), _passkey(scene)
    visitor = Client()
    visitor.post("/accounts/login/", {"login": scene.alice.email, "password": PASSWORD})
    scene.carry(visitor)
    return "/accounts/2fa/authenticate/"


@shown("reauthenticate-app", "mfa_reauthenticate")
def _reauthenticate_app(scene: Scene) -> str:
    scene.app()
    return "/accounts/2fa/reauthenticate/"


@shown("reauthenticate-passkey", "mfa_reauthenticate_webauthn")
def _reauthenticate_passkey(scene: Scene) -> str:
    _passkey(scene)
    return "/accounts/2fa/webauthn/reauthenticate/"
