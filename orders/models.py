from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex, OpClass
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.db.models.functions import Now, Reverse
from django.utils.translation import gettext_lazy as _

from jiema.api.ids import new_id


class Status(models.TextChoices):
    WAITING = "WAITING", _("Waiting for the code")
    RECEIVED = "RECEIVED", _("Code received")
    COMPLETED = "COMPLETED", _("Completed")
    FAILED = "FAILED", _("No code came")
    CANCELLED = "CANCELLED", _("Cancelled")


OPEN = (Status.WAITING, Status.RECEIVED)
REFUNDED = (Status.FAILED, Status.CANCELLED)


class Order(models.Model):
    """One number sold to one user.

    Until the provider's answer to the purchase is known the order is *reserved*: WAITING, charged, with
    neither activation_id nor phone.
    cost, paid_cost: US dollars: what the price list said, and what the provider took.
    price_rule: the markup rule that made the price; catalogue_version: the price list it stood on.
    synced_at: when the provider was last asked (or told us). cancel_upstream_at: when a number that we
    no longer want is to be given back.
    floor_cents: the least price that the rules allowed when it was sold. returned_at: when the provider said
    that it gave the money for an unwanted number back.
    reread_upstream: a next-SMS request ended unclear; look before asking again.
    has_listeners: may webhooks want to hear of it? Known under its lock, and else to be looked up.
    """

    has_listeners: bool = True

    id = models.CharField(primary_key=True, max_length=25, default=new_id, editable=False, db_collation="C")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="orders")
    api_key = models.ForeignKey("accounts.ApiKey", models.PROTECT, null=True, related_name="+", db_index=False)
    status = models.CharField(max_length=9, choices=Status, default=Status.WAITING)
    service = models.ForeignKey("catalog.Service", models.PROTECT, related_name="+")
    country = models.ForeignKey("catalog.Country", models.PROTECT, related_name="+")
    provider = models.ForeignKey("catalog.Provider", models.PROTECT, related_name="+")

    charged_cents = models.PositiveIntegerField()
    refunded_cents = models.PositiveIntegerField(default=0)
    floor_cents = models.PositiveIntegerField(default=1, db_default=1)
    cost = models.DecimalField(max_digits=12, decimal_places=4)
    paid_cost = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    price_rule_id = models.BigIntegerField(null=True)
    catalogue_version = models.PositiveBigIntegerField()

    activation_id = models.CharField(max_length=32, null=True)
    phone = models.CharField(max_length=16, null=True)
    created_at = models.DateTimeField(db_default=Now())
    bought_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    sms_body = models.TextField(null=True)
    sms_received_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)

    synced_at = models.DateTimeField(db_default=Now())
    reread_upstream = models.BooleanField(default=False)
    cancel_upstream_at = models.DateTimeField(null=True)
    returned_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            CheckConstraint(condition=Q(charged_cents__gte=F("floor_cents")), name="order_not_under_its_floor"),
            UniqueConstraint(fields=["provider", "activation_id"], name="activation_owned_once"),
            CheckConstraint(condition=Q(charged_cents__gt=0), name="order_charged"),
            CheckConstraint(
                condition=Q(status__in=["FAILED", "CANCELLED"], refunded_cents=F("charged_cents"))
                | (~Q(status__in=["FAILED", "CANCELLED"]) & Q(refunded_cents=0)),
                name="order_refunded_iff_failed_or_cancelled",
            ),
        ]
        indexes = [
            models.Index(F("user"), F("id").desc(), name="order_list"),
            BrinIndex(fields=["created_at"], name="order_age"),
            models.Index(F("user"), F("status"), F("id").desc(), name="order_list_by_status"),
            models.Index(fields=["bought_at"], name="order_bought", condition=Q(activation_id__isnull=False)),
            models.Index(fields=["api_key", "created_at"], name="order_by_key", condition=Q(api_key__isnull=False)),
            models.Index(F("user"), F("service"), F("id").desc(), name="order_list_by_service"),
            models.Index(F("user"), F("country"), F("id").desc(), name="order_list_by_country"),
            models.Index(F("user"), OpClass(Reverse("phone"), name="text_pattern_ops"), name="order_by_phones_end"),
            models.Index(
                fields=["provider", "expires_at"],
                name="order_open",
                condition=Q(status__in=["WAITING", "RECEIVED"]),
            ),
            models.Index(
                fields=["cancel_upstream_at"],
                name="order_give_back",
                condition=Q(cancel_upstream_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.id


class Outcome(models.TextChoices):
    IN_FLIGHT = "in_flight", "In flight"
    BOUGHT = "bought", "Bought"
    REJECTED = "rejected", "Rejected"
    UNKNOWN = "unknown", "Unknown"
    ABANDONED = "abandoned", "Not found at the provider"


class UpstreamAttempt(models.Model):
    """A purchase call, committed before it is made, so that no paid number goes unremembered.

    max_cost: the cap that is sent, US dollars. clean_listings: whole lists of the provider, begun after
    the call was over and one after the other, that do not hold its number; listed_at: when the last of
    them was whole. token: the provider's word.
    """

    order = models.OneToOneField(Order, models.PROTECT, related_name="attempt")
    provider = models.ForeignKey("catalog.Provider", models.PROTECT, related_name="+")
    service = models.ForeignKey("catalog.Service", models.PROTECT, related_name="+")
    country = models.ForeignKey("catalog.Country", models.PROTECT, related_name="+")
    max_cost = models.DecimalField(max_digits=12, decimal_places=4)
    sent_at = models.DateTimeField(db_default=Now())
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.IN_FLIGHT)
    clean_listings = models.PositiveSmallIntegerField(default=0)
    listed_at = models.DateTimeField(null=True)
    token = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["provider", "sent_at"],
                name="attempt_open",
                condition=Q(outcome__in=["in_flight", "unknown", "abandoned"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.outcome}"


class Sms(models.Model):
    """An SMS to an order's number.

    poll_key, list_key, push_key: what the provider's status, its list of open activations and its push
    call it. One SMS arrives by several roads; the later ones find the row of the first and add their key.
    """

    order = models.ForeignKey(Order, models.PROTECT, related_name="sms")
    body = models.TextField()
    received_at = models.DateTimeField(db_default=Now())
    poll_key = models.CharField(max_length=64, null=True)
    list_key = models.CharField(max_length=64, null=True)
    push_key = models.CharField(max_length=64, null=True)

    class Meta:
        verbose_name_plural = "SMS"
        constraints = [
            UniqueConstraint(fields=["order", "poll_key"], name="sms_polled_once"),
            UniqueConstraint(fields=["order", "list_key"], name="sms_listed_once"),
            UniqueConstraint(fields=["order", "push_key"], name="sms_pushed_once"),
        ]

    def __str__(self) -> str:
        return f"SMS {self.pk} of {self.order_id}"


class StrayActivation(models.Model):
    """An open activation at a provider that no order owns. first_seen_at: before this, no list held it.

    One that our attempts don't explain is left untouched for ops (their own purchase, a second shop).
    """

    provider = models.ForeignKey("catalog.Provider", models.PROTECT, related_name="+")
    activation_id = models.CharField(max_length=32)
    phone = models.CharField(max_length=16)
    service_code = models.CharField(max_length=16)
    country_code = models.PositiveIntegerField(null=True)
    cost = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    first_seen_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True)
    settlement = models.CharField(max_length=200, blank=True)
    settled_by = models.CharField(max_length=254, blank=True, db_default="")

    class Meta:
        constraints = [UniqueConstraint(fields=["provider", "activation_id"], name="stray_once")]
        indexes = [models.Index(fields=["first_seen_at"], name="stray_open", condition=Q(settled_at=None))]

    def __str__(self) -> str:
        return f"{self.provider_id}:{self.activation_id}"


class Cause(models.TextChoices):
    LATE_SMS = "late_sms", "An SMS came after the refund"
    KEPT = "kept", "A refunded number could not be given back"
    OPEN_COST = "open_cost", "Refunded without knowing whether the number was bought"


class UpstreamLoss(models.Model):
    """The loss account: what a number cost us that no customer pays for. cost: US dollars.

    Only ever added, one for each order; void where it turns out that the provider kept no money.
    """

    order = models.OneToOneField(Order, models.PROTECT, related_name="loss")
    cause = models.CharField(max_length=10, choices=Cause)
    cost = models.DecimalField(max_digits=12, decimal_places=4)
    created_at = models.DateTimeField(db_default=Now())
    void_at = models.DateTimeField(null=True)
    void_reason = models.CharField(max_length=200, blank=True, db_default="")

    class Meta:
        verbose_name_plural = "upstream losses"

    def __str__(self) -> str:
        return f"{self.cause} {self.order_id}"


class SalesStop(models.Model):
    """While one of these is not lifted no number is sold; reads, cancels and next SMS go on."""

    reason = models.CharField(max_length=200)
    stopped_at = models.DateTimeField(db_default=Now())
    stopped_by = models.CharField(max_length=254)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.CharField(max_length=254, blank=True, db_default="")

    class Meta:
        constraints = [
            UniqueConstraint(fields=["reason"], condition=Q(lifted_at=None), name="stopped_once_for_a_reason")
        ]

    def __str__(self) -> str:
        return self.reason


class IdempotentCall(models.Model):
    """What a client's Idempotency-Key stands for; kept for 24 hours.

    fingerprint: SHA-256 of method, path and parsed body. reply: the first reply's bytes; empty while
    the call runs, and while the order's purchase is unsettled. running_until: after it, whoever ran the
    call is taken for dead.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32)
    order = models.ForeignKey(Order, models.PROTECT, null=True, related_name="+")
    reply = models.BinaryField(null=True)
    running_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [UniqueConstraint(fields=["user", "key"], name="idempotency_key_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_age")]

    def __str__(self) -> str:
        return self.key
