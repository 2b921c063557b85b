from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Wallet(models.Model):
    """A user's prepaid balance in US cents: a cache of the sum of the user's entries."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, primary_key=True, related_name="wallet")
    balance_cents = models.BigIntegerField(default=0)

    class Meta:
        constraints = [CheckConstraint(condition=Q(balance_cents__gte=0), name="wallet_not_negative")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.balance_cents}"


class Kind(models.TextChoices):
    CHARGE = "charge", _("Number bought")
    REFUND = "refund", _("Refund")
    TOP_UP = "top_up", _("Top-up")
    ADJUSTMENT = "adjustment", _("Adjustment")
    CHARGEBACK = "chargeback", _("Payment taken back")
    REPAYMENT = "repayment", _("Debt repaid")
    PAYOUT = "payout", _("Top-up paid back")
    PAYOUT_RETURN = "payout_return", _("Pay-back failed")
    REFERRAL = "referral", _("Referral earning")
    REFERRAL_BACK = "referral_back", _("Referral earning taken back")
    VOUCHER = "voucher", _("Voucher")


GIVES = ["refund", "top_up", "payout_return", "referral", "voucher"]
TAKES = ["charge", "chargeback", "repayment", "payout", "referral_back"]
# Their reference names an order of somebody whom the wallet's owner invited: it stays theirs.
ABOUT_OTHERS = [Kind.REFERRAL, Kind.REFERRAL_BACK]


class Entry(models.Model):
    """One transfer between a user's wallet and a named counter-account. Only ever added.

    amount_cents: signed; negative took money from the user.
    """

    wallet = models.ForeignKey(Wallet, models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=16, choices=Kind)
    counter_account = models.CharField(max_length=40)
    amount_cents = models.BigIntegerField()
    balance_after = models.BigIntegerField()
    reference = models.CharField(max_length=120)
    reverses = models.OneToOneField("self", models.PROTECT, null=True, related_name="reversed_by")
    reason = models.CharField(max_length=200, blank=True)
    actor = models.CharField(max_length=254, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "entries"
        constraints = [
            CheckConstraint(condition=~Q(amount_cents=0), name="entry_moves_something"),
            CheckConstraint(condition=Q(balance_after__gte=0), name="entry_balance_not_negative"),
            CheckConstraint(condition=Q(kind__in=Kind.values), name="entry_of_a_known_kind"),
            CheckConstraint(condition=Q(amount_cents__gt=0) | ~Q(kind__in=GIVES), name="entry_gives"),
            CheckConstraint(condition=Q(amount_cents__lt=0) | ~Q(kind__in=TAKES), name="entry_takes"),
            UniqueConstraint(fields=["kind", "reference"], name="entry_cause_once"),
        ]
        indexes = [
            models.Index(F("wallet"), F("id").desc(), name="entry_statement"),
            BrinIndex(fields=["created_at"], name="entry_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}: {self.amount_cents}"

    @property
    def owners_reference(self) -> str:
        """What the wallet's owner may have of it; empty where it is about somebody else."""
        return "" if self.kind in ABOUT_OTHERS else self.reference


class Debt(models.Model):
    """What a customer owes: the part of a payment taken back that the wallet no longer held. US cents.

    reference: the cause, such as "topup:c1x…". Money that comes in pays debts first, the oldest first.
    """

    wallet = models.ForeignKey(Wallet, models.PROTECT, related_name="debts")
    reference = models.CharField(max_length=120, unique=True)
    amount_cents = models.BigIntegerField()
    repaid_cents = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            CheckConstraint(condition=Q(amount_cents__gt=0), name="debt_is_something"),
            CheckConstraint(
                condition=Q(repaid_cents__gte=0, repaid_cents__lte=F("amount_cents")), name="debt_repaid_within"
            ),
        ]
        indexes = [models.Index(fields=["wallet"], name="debt_open", condition=~Q(repaid_cents=F("amount_cents")))]

    def __str__(self) -> str:
        return self.reference
