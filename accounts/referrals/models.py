from decimal import Decimal

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import CheckConstraint, F, Q
from django.db.models.functions import Now

MOST_PERCENT = 50


class ReferralTerms(models.Model):
    """The one row that says what an inviter earns. percent: of the price of each order that completes from now on."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    percent = models.DecimalField(
        max_digits=4,
        decimal_places=2,
        default=Decimal("10"),
        validators=[MinValueValidator(0), MaxValueValidator(MOST_PERCENT)],
    )
    is_open = models.BooleanField(default=True, help_text="Off: orders that complete meanwhile earn nothing.")

    class Meta:
        verbose_name_plural = "referral terms"
        constraints = [
            CheckConstraint(condition=Q(id=1), name="referral_terms_once"),
            CheckConstraint(condition=Q(percent__gte=0, percent__lte=MOST_PERCENT), name="referral_percent_sane"),
        ]

    def __str__(self) -> str:
        return f"{self.percent} %" if self.is_open else "closed"


class Via(models.TextChoices):
    LINK = "link", "Link"
    CODE = "code", "Code"


class Invitation(models.Model):
    """Who brought whom, from the sign-up on and for good. ended_at: it earns nothing from then on."""

    invitee = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, related_name="invited")
    inviter = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="invitations")
    via = models.CharField(max_length=4, choices=Via)
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=254, blank=True)
    end_note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [CheckConstraint(condition=~Q(inviter=F("invitee")), name="invitation_not_of_oneself")]

    def __str__(self) -> str:
        return f"{self.inviter_id} invited {self.invitee_id}"

    @property
    def masked_invitee(self) -> str:
        return masked(self.invitee.email)


class Earning(models.Model):
    """The inviter's share of one completed order. cents: US cents.

    percent: the rate in force when the order completed. reversed_at: the order's price went back to its customer.
    reversed_cents: how much of the share was taken back so far; the rest comes out of the inviter's next shares.
    """

    order_id = models.CharField(max_length=25, unique=True, db_collation="C")
    invitation = models.ForeignKey(Invitation, models.PROTECT, related_name="earnings")
    cents = models.PositiveIntegerField()
    percent = models.DecimalField(max_digits=4, decimal_places=2)
    created_at = models.DateTimeField(db_default=Now())
    reversed_at = models.DateTimeField(null=True)
    reversed_cents = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            CheckConstraint(condition=Q(cents__gt=0), name="earning_is_something"),
            CheckConstraint(
                condition=Q(reversed_cents=0) | Q(reversed_at__isnull=False, reversed_cents__lte=F("cents")),
                name="earning_reversed_within",
            ),
        ]
        indexes = [
            BrinIndex(fields=["created_at"], name="earning_age"),
            models.Index(
                fields=["invitation"],
                name="earning_owed",
                condition=Q(reversed_at__isnull=False, reversed_cents__lt=F("cents")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.cents}"

    @property
    def owed_cents(self) -> int:
        """What is still to be taken back."""
        return self.cents - self.reversed_cents if self.reversed_at else 0


def masked(email: str) -> str:
    """As much of an address as its owner's friend recognises: a•••@g•••.com. The dots say nothing of its length."""
    name, _, domain = email.partition("@")
    host, dot, end = domain.rpartition(".")
    return f"{name[:1]}•••@{(host or end)[:1]}•••{dot}{end if dot else ''}"
