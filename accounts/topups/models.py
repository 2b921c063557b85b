from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from jiema.api.ids import new_id


class Method(models.TextChoices):
    STRIPE = "stripe", _("Card, FPX or GrabPay")
    TRON = "tron", _("USDT on TRON (TRC-20)")
    BANK = "bank", _("Bank transfer")
    SANDBOX = "sandbox", _("Sandbox: no real money")


USUAL_TIMES = {
    Method.STRIPE: _("usually less than a minute"),
    Method.TRON: _("usually two minutes after you have sent it"),
    Method.BANK: _("usually within one working day"),
    Method.SANDBOX: _("a few seconds"),
}


class PaymentMethod(models.Model):
    """A gateway as ops offer it to customers.

    min_cents, max_cents, presets: of what is credited. fee_percent, fee_cents: paid on top.
    currency: what the customer pays in. usd_rate: US dollars for one unit of it.
    instructions: for bank transfers, where the money has to go.
    is_shared: others take payments on the same account too, so payments that are not marked as ours are none.
    """

    gateway = models.CharField(primary_key=True, max_length=10, choices=Method)
    is_enabled = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)
    title = models.CharField(max_length=60, blank=True, help_text="Empty for the usual name.")
    min_cents = models.PositiveIntegerField(default=100, validators=[MinValueValidator(1)])
    max_cents = models.PositiveIntegerField(default=100_000)
    presets = models.CharField(
        max_length=60,
        default="10,25,50,100",
        help_text="US dollars, with commas between them.",
        validators=[RegexValidator(r"^[1-9]\d{0,5}(,[1-9]\d{0,5}){0,5}$")],
    )
    fee_percent = models.DecimalField(
        max_digits=4, decimal_places=2, default=Decimal(0), validators=[MinValueValidator(0), MaxValueValidator(50)]
    )
    fee_cents = models.PositiveIntegerField(default=0)
    currency = models.CharField(max_length=4, default="USD", validators=[RegexValidator(r"^[A-Z]{3,4}$")])
    usd_rate = models.DecimalField(
        max_digits=14, decimal_places=8, default=Decimal(1), validators=[MinValueValidator(Decimal("0.00000001"))]
    )
    minutes = models.PositiveIntegerField(
        default=60, validators=[MinValueValidator(60), MaxValueValidator(20_160)], help_text="Time to pay."
    )
    instructions = models.TextField(blank=True)
    is_shared = models.BooleanField(default=False)

    class Meta:
        ordering = ["position", "gateway"]
        constraints = [
            CheckConstraint(condition=Q(min_cents__gt=0, max_cents__gte=F("min_cents")), name="method_bounds"),
            CheckConstraint(condition=Q(usd_rate__gt=0), name="method_rate_positive"),
        ]

    def __str__(self) -> str:
        return self.title or self.get_gateway_display()

    @property
    def usual_time(self) -> str:
        return str(USUAL_TIMES[Method(self.gateway)])

    @property
    def has_fee(self) -> bool:
        return bool(self.fee_percent or self.fee_cents)

    @property
    def preset_cents(self) -> list[int]:
        cents = [int(each) * 100 for each in self.presets.split(",")]
        return [each for each in cents if self.min_cents <= each <= self.max_cents]


class TopUpTerms(models.Model):
    """What holds for all payments; one row.

    balance_cap_cents: no top-up is started that would bring a balance over it. second_person_cents: a bank
    transfer of more than this is approved by two people.
    """

    is_open = models.BooleanField(default=True)
    balance_cap_cents = models.PositiveIntegerField(default=1_000_000)
    second_person_cents = models.PositiveIntegerField(default=50_000)

    class Meta:
        verbose_name_plural = "top-up terms"
        constraints = [CheckConstraint(condition=Q(id=1), name="topup_terms_once")]

    def __str__(self) -> str:
        return "Top-up terms"

    @classmethod
    def now(cls) -> "TopUpTerms":
        return cls.objects.filter(pk=1).first() or cls(pk=1)


class TopUpState(models.TextChoices):
    CREATED = "created", _("Waiting for your payment")
    PENDING = "pending", _("On its way")
    PAID = "paid", _("Paid, being looked at")
    CREDITED = "credited", _("On your balance")
    EXPIRED = "expired", _("Expired")
    FAILED = "failed", _("Failed")
    REFUNDED = "refunded", _("Paid back")
    DISPUTED = "disputed", _("Disputed")


UNPAID = (TopUpState.CREATED, TopUpState.PENDING, TopUpState.EXPIRED, TopUpState.FAILED)
OPEN = (TopUpState.CREATED, TopUpState.PENDING)
CREDITED = (TopUpState.CREDITED, TopUpState.REFUNDED, TopUpState.DISPUTED)


class TopUp(models.Model):
    """A customer's wish to pay in and the one payment that answers it.

    A second payment for the same wish is a top-up of its own, which names the first in `again_for`.
    amount_cents: what the customer wants on the balance; fee_cents: paid on top; US cents.
    asked, captured: in units of `currency` and `captured_currency`: what is to be paid, what was.
    gateway_ref: the gateway's name of the wish; payment_ref: of the payment.
    key: of the form that started it; the same form is the same top-up. sent_at: the customer says that a
    bank transfer is under way. next_read_at: when the gateway is asked again. next_page: the path on this site that
    the customer came from for want of money.
    """

    id = models.CharField(primary_key=True, max_length=25, default=new_id, editable=False, db_collation="C")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="top_ups")
    again_for = models.ForeignKey("self", models.PROTECT, null=True, related_name="further")
    gateway = models.CharField(max_length=20, choices=Method)
    key = models.CharField(max_length=64, null=True)
    next_page = models.CharField(max_length=200, blank=True, default="", db_default="")
    amount_cents = models.PositiveIntegerField()
    fee_cents = models.PositiveIntegerField(default=0)
    currency = models.CharField(max_length=4, default="USD")
    asked = models.DecimalField(max_digits=18, decimal_places=6)
    gateway_ref = models.CharField(max_length=255, blank=True)
    pay_url = models.CharField(max_length=1000, blank=True)
    state = models.CharField(max_length=10, choices=TopUpState, default=TopUpState.CREATED)
    why = models.CharField(max_length=200, blank=True)
    confirmations = models.PositiveIntegerField(null=True)
    payment_ref = models.CharField(max_length=255, null=True)
    captured = models.DecimalField(max_digits=30, decimal_places=6, null=True)
    captured_currency = models.CharField(max_length=80, blank=True)
    credited_cents = models.PositiveIntegerField(default=0)
    refunded_cents = models.PositiveIntegerField(default=0)
    dispute = models.CharField(max_length=4, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)
    credited_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    next_read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["gateway", "payment_ref"], name="topup_payment_once"),
            UniqueConstraint(fields=["user", "key"], name="topup_form_once"),
            UniqueConstraint(
                fields=["gateway", "gateway_ref"],
                condition=Q(again_for=None) & ~Q(gateway_ref=""),
                name="topup_wish_once",
            ),
            CheckConstraint(condition=Q(amount_cents__gt=0, asked__gt=0), name="topup_asks_something"),
            CheckConstraint(
                condition=Q(state__in=CREDITED, credited_cents__gt=0, credited_at__isnull=False)
                | (~Q(state__in=CREDITED) & Q(credited_cents=0, refunded_cents=0)),
                name="topup_credited_or_not",
            ),
            CheckConstraint(condition=Q(refunded_cents__lte=F("credited_cents")), name="topup_refunded_within"),
            CheckConstraint(
                condition=Q(state__in=UNPAID, payment_ref=None, captured=None)
                | (~Q(state__in=UNPAID) & Q(payment_ref__isnull=False, captured__gt=0)),
                name="topup_paid_or_not",
            ),
        ]
        indexes = [
            models.Index(F("user"), F("id").desc(), name="topup_history"),
            models.Index(fields=["next_read_at"], name="topup_due", condition=Q(next_read_at__isnull=False)),
            models.Index(
                fields=["credited_at"], name="topup_to_mail", condition=Q(mailed_at=None, credited_at__isnull=False)
            ),
            models.Index(fields=["gateway_ref"], name="topup_ref", condition=~Q(gateway_ref="")),
        ]

    def __str__(self) -> str:
        return self.id

    @property
    def is_late(self) -> bool:
        return bool(self.paid_at and self.expires_at and self.paid_at > self.expires_at)

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


class ChainAddress(models.Model):
    """A one-time address: its id is the index of its key under the shop's extended public key."""

    top_up = models.OneToOneField(TopUp, models.PROTECT, related_name="chain_address")

    def __str__(self) -> str:
        return f"{self.pk}: {self.top_up_id}"


class Slip(models.Model):
    """What the customer shows of a bank transfer: a picture or a PDF."""

    top_up = models.OneToOneField(TopUp, models.PROTECT, primary_key=True, related_name="slip")
    content_type = models.CharField(max_length=40)
    body = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.top_up_id} ({self.content_type})"


class Approval(models.Model):
    """A member of staff has seen this bank transfer on the shop's account. amount: in the top-up's currency.

    actor: the id of the account, which stays one person's, whatever becomes of the e-mail address.
    """

    top_up = models.ForeignKey(TopUp, models.PROTECT, related_name="approvals")
    actor = models.CharField(max_length=254)
    amount = models.DecimalField(max_digits=18, decimal_places=6)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [UniqueConstraint(fields=["top_up", "actor"], name="approval_of_one_person_once")]

    def __str__(self) -> str:
        return f"{self.top_up_id} by {self.actor}"


class PayoutState(models.TextChoices):
    CREATED = "created", "To be sent"
    PENDING = "pending", "On its way"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class Payout(models.Model):
    """Money of a top-up that goes back to where it came from. The wallet pays first; a failure gives it back.

    amount: in units of the top-up's captured currency. by_hand: a person has to send it.
    """

    id = models.CharField(primary_key=True, max_length=25, default=new_id, editable=False, db_collation="C")
    top_up = models.ForeignKey(TopUp, models.PROTECT, related_name="payouts")
    amount_cents = models.PositiveIntegerField()
    amount = models.DecimalField(max_digits=30, decimal_places=6)
    state = models.CharField(max_length=8, choices=PayoutState, default=PayoutState.CREATED)
    by_hand = models.BooleanField(default=False)
    gateway_ref = models.CharField(max_length=255, null=True)
    reason = models.CharField(max_length=200)
    actor = models.CharField(max_length=254)
    why = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            CheckConstraint(condition=Q(amount_cents__gt=0, amount__gt=0), name="payout_is_something"),
            UniqueConstraint(fields=["top_up", "gateway_ref"], name="payout_at_gateway_once"),
        ]

    def __str__(self) -> str:
        return self.id


class WebhookEvent(models.Model):
    """The inbox: a verified webhook that is not lost once it is acknowledged."""

    gateway = models.CharField(max_length=10)
    event_id = models.CharField(max_length=255)
    kind = models.CharField(max_length=80)
    ref = models.CharField(max_length=255, blank=True)
    payment_ref = models.CharField(max_length=255, blank=True)
    received_at = models.DateTimeField(db_default=Now())
    handled_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [UniqueConstraint(fields=["gateway", "event_id"], name="event_once")]
        indexes = [models.Index(fields=["received_at"], name="event_to_handle", condition=Q(handled_at=None))]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"


class Finding(models.TextChoices):
    AMOUNT = "amount", "Another amount than asked was paid; it is credited"
    AGAIN = "again", "Paid again; it is credited as a top-up of its own"
    CURRENCY = "currency", "Paid in another currency or token; nothing is credited"
    DUST = "dust", "Paid less than a cent; nothing is credited"
    UNKNOWN = "unknown", "A payment that belongs to no top-up"
    NOT_THERE = "not_there", "Credited, but the gateway does not list the payment"
    DISPUTE = "dispute", "A dispute is open"
    LOST = "lost", "A dispute is lost: the payment was taken back"
    REINSTATED = "reinstated", "A lost dispute was won after all: the money is back, the customer's is not"
    REFUND = "refund", "Refunded at the gateway by hand, and the wallet does not hold it"
    PAYOUT = "payout", "A pay-back failed or the gateway refused it; the money is on the balance again"


class Review(models.Model):
    """A payment that a person has to look at."""

    finding = models.CharField(max_length=10, choices=Finding)
    gateway = models.CharField(max_length=20)
    subject = models.CharField(max_length=255)
    top_up = models.ForeignKey(TopUp, models.PROTECT, null=True, related_name="reviews")
    detail = models.CharField(max_length=300)
    opened_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=254, blank=True)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [UniqueConstraint(fields=["finding", "gateway", "subject"], name="review_once")]
        indexes = [models.Index(fields=["opened_at"], name="review_open", condition=Q(settled_at=None))]

    def __str__(self) -> str:
        return f"{self.finding}: {self.subject}"
