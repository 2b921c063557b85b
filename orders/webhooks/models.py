from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import CheckConstraint, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jiema.api.ids import new_id
from orders.webhooks.wire import Trouble

MAX_ACTIVE = 5
MAX_IN_ALL = 20
TEST = "webhook.test"
TRIES = 10


class Event(models.TextChoices):
    """What an endpoint may ask for; the `type` of the body."""

    RECEIVED = "order.received", _("A code arrived")
    COMPLETED = "order.completed", _("An order with a code is over")
    FAILED = "order.failed", _("No code came: the order was refunded")
    CANCELLED = "order.cancelled", _("An order was cancelled and refunded")


class Off(models.TextChoices):
    """Why an endpoint gets nothing."""

    BY_CUSTOMER = "customer", _("You switched it off.")
    GONE = "gone", _("It answered 410 Gone.")
    FAILING = "failing", _("It had not taken a single delivery for three days.")
    BY_STAFF = "staff", _("Our staff switched it off. Please contact support.")


class State(models.TextChoices):
    PENDING = "pending", _("Waiting")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Not delivered")


class EndpointQuerySet(models.QuerySet["Endpoint"]):
    def active(self) -> "EndpointQuerySet":
        return self.filter(disabled_at=None, deleted_at=None)


class Endpoint(models.Model):
    """Where a customer wants to be told.

    secret, old_secret: sealed by `sealing`. Until old_until the former secret signs, too.
    failing_since: the first try that failed after the last that did not. busy_until: somebody sends to it until then.
    told_at: when its owner was told that we switched it off.
    deleted_at: its rows go with the last of its deliveries. Not at once, as an order that moves may just be adding one.
    """

    id = models.CharField(primary_key=True, max_length=25, default=new_id, editable=False, db_collation="C")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="webhook_endpoints")
    url = models.CharField(max_length=500)
    description = models.CharField(max_length=100, blank=True)
    events = ArrayField(models.CharField(max_length=20, choices=Event))
    secret = models.TextField()
    old_secret = models.TextField(blank=True)
    old_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    disabled_at = models.DateTimeField(null=True)
    disabled_because = models.CharField(max_length=10, choices=Off, blank=True)
    deleted_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    busy_until = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)

    objects = EndpointQuerySet.as_manager()

    class Meta:
        constraints = [
            CheckConstraint(
                condition=Q(disabled_at=None, disabled_because="")
                | (Q(disabled_at__isnull=False) & ~Q(disabled_because="")),
                name="endpoint_off_for_a_reason",
            ),
        ]
        indexes = [
            models.Index(
                fields=["disabled_at"],
                name="endpoint_to_tell",
                condition=Q(told_at=None, disabled_because__in=["gone", "failing"]),
            ),
        ]

    def __str__(self) -> str:
        return self.url

    @property
    def is_active(self) -> bool:
        return self.disabled_at is None and self.deleted_at is None

    @property
    def is_replacing(self) -> bool:
        """Do both secrets sign?"""
        return self.old_until is not None and self.old_until > timezone.now()


class Delivery(models.Model):
    """One event for one endpoint. Its id is the `webhook-id`.

    body: as it is sent; null once it is too old, because it may hold an SMS. order: null for a test.
    due_at: when it is tried next. tries_left: how many failures until it is given up.
    """

    id = models.CharField(primary_key=True, max_length=25, default=new_id, editable=False, db_collation="C")
    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="deliveries")
    order = models.ForeignKey("orders.Order", models.PROTECT, null=True, related_name="+")
    type = models.CharField(max_length=20)
    body = models.TextField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    state = models.CharField(max_length=9, choices=State, default=State.PENDING)
    due_at = models.DateTimeField(null=True, db_default=Now())
    delivered_at = models.DateTimeField(null=True)
    tries_left = models.PositiveSmallIntegerField(default=TRIES)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            CheckConstraint(
                condition=Q(state="pending", due_at__isnull=False) | (~Q(state="pending") & Q(due_at=None)),
                name="delivery_due_iff_pending",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="delivery_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["endpoint", "-id"], name="delivery_list"),
            models.Index(fields=["endpoint", "state", "-id"], name="delivery_list_by_state"),
            models.Index(fields=["created_at"], name="delivery_age"),
            models.Index(fields=["created_at"], name="delivery_with_body", condition=Q(body__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.id


class Attempt(models.Model):
    """One try. at: unix time in the header. status: of the answer; null where there was none, then trouble says why.

    answer: its first characters; it may repeat an SMS, so it goes with the delivery's body. took_ms: milliseconds.
    """

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="attempts")
    at = models.BigIntegerField()
    signature = models.CharField(max_length=120)
    status = models.PositiveSmallIntegerField(null=True)
    trouble = models.CharField(max_length=10, choices=Trouble, blank=True)
    answer = models.TextField(blank=True)
    took_ms = models.PositiveIntegerField()
    ended_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.delivery_id}: {self.status or self.trouble}"
