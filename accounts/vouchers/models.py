from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, F, Q
from django.db.models.functions import Now

CODES_AT_MOST = 10_000


class VoucherBatch(models.Model):
    """Vouchers that were made together and are worth the same.

    value_cents: US cents of each. per_account: how many of them one account may redeem. total_cap_cents: how much may
    be redeemed of all of them together; null for all. expires_at: from this moment on none is taken.
    """

    name = models.CharField(max_length=60, unique=True)
    size = models.PositiveIntegerField("number of codes")
    value_cents = models.PositiveIntegerField()
    expires_at = models.DateTimeField(null=True, blank=True)
    per_account = models.PositiveIntegerField("most per account", default=1)
    total_cap_cents = models.PositiveBigIntegerField(null=True, blank=True)
    note = models.CharField(max_length=200, blank=True)
    made_by = models.CharField(max_length=254)
    created_at = models.DateTimeField(db_default=Now())
    stopped_at = models.DateTimeField(null=True)
    stopped_by = models.CharField(max_length=254, blank=True)
    stop_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name_plural = "voucher batches"
        constraints = [
            CheckConstraint(condition=Q(size__gte=1, size__lte=CODES_AT_MOST), name="batch_has_codes"),
            CheckConstraint(condition=Q(value_cents__gt=0), name="batch_worth_something"),
            CheckConstraint(condition=Q(per_account__gt=0), name="batch_for_somebody"),
            CheckConstraint(condition=Q(total_cap_cents__gte=F("value_cents")), name="batch_cap_allows_one"),
        ]

    def __str__(self) -> str:
        return self.name


class Voucher(models.Model):
    """A code that gives its batch's value once. digest: SHA-256 of the code, which itself is kept nowhere."""

    batch = models.ForeignKey(VoucherBatch, models.PROTECT, related_name="vouchers")
    digest = models.BinaryField(max_length=32, unique=True)
    last4 = models.CharField("last 4", max_length=4)
    redeemed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="vouchers")
    redeemed_at = models.DateTimeField(null=True)
    void_at = models.DateTimeField(null=True)
    voided_by = models.CharField(max_length=254, blank=True)
    void_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            CheckConstraint(
                condition=Q(redeemed_by=None, redeemed_at=None)
                | Q(redeemed_by__isnull=False, redeemed_at__isnull=False),
                name="voucher_redeemed_by_somebody",
            ),
            CheckConstraint(condition=Q(redeemed_by=None) | Q(void_at=None), name="voucher_redeemed_or_void"),
        ]
        indexes = [
            models.Index(
                fields=["batch", "redeemed_by"], name="voucher_redeemed", condition=Q(redeemed_by__isnull=False)
            ),
            models.Index(fields=["batch"], name="voucher_void", condition=Q(void_at__isnull=False)),
            models.Index(fields=["last4"], name="voucher_last4"),
        ]

    def __str__(self) -> str:
        return f"…{self.last4}"
