"""The card sandbox, for trying the shop out: it speaks as Stripe does, and no money moves."""

from accounts.topups.gateways.stripe import StripeGateway

KEY = "sk_test_sandbox"


class SandboxGateway(StripeGateway):
    """url: where the card sandbox listens. secret: what it signs its webhooks by."""

    def __init__(self, url: str, secret: str, tolerance_seconds: int = 300) -> None:
        super().__init__(KEY, (secret,), url, tolerance_seconds)
