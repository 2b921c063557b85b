"""A card processor of our own to run against: speaks Stripe's wire format, and no money moves."""

from accounts.topups.sandbox.cards.host import CardSandbox

__all__ = ["CardSandbox"]
