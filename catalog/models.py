import secrets
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.db.models.functions import Now

from catalog.odds import USUAL_RATE, Odds, Window
from catalog.upstream.transport import Transport

MAX_FIXED_CENTS = 1_000_000


class Dialect(models.TextChoices):
    HERO = "hero", "HeroSMS"
    CLASSIC = "classic", "SMS-Activate (classic)"
    TIGER = "tiger", "Tiger SMS"
    BOWER = "bower", "SMSBower"
    GRIZZLY = "grizzly", "GrizzlySMS"
    SMSHUB = "smshub", "SMSHub"


def new_push_secret() -> str:
    return secrets.token_urlsafe(24)


def validate_address(value: str) -> None:
    try:
        Transport(value)
    except ValueError as error:
        raise ValidationError("Enter an address that begins with http:// or https://.") from error


class Provider(models.Model):
    """An upstream shop that we buy from, and our account there.

    usd_rate: US dollars for one unit of `currency`. lifetime_minutes: of an activation, where the
    purchase reply does not say. grace_seconds: how long the provider refuses a cancel.
    calls_per_second, burst: our call budget; no rate means no limit.
    push_secret: the unguessable part of the address that the provider pushes SMS to.
    push_addresses: who may push there, comma-separated; empty for anyone who knows the secret.
    paused_at, pause_reason: since when nothing is bought there, and the provider's word for why: our account
    needs a person. ranked_as_paused: what the price list in force takes it for.
    balance: in `currency`, as last read; under low_balance ops are told.
    """

    name = models.SlugField(max_length=40, unique=True)
    dialect = models.CharField(max_length=10, choices=Dialect)
    base_url = models.CharField(max_length=300, validators=[validate_address])
    api_key = models.CharField(max_length=200)
    currency = models.CharField(max_length=3, default="USD")
    usd_rate = models.DecimalField(
        max_digits=14,
        decimal_places=8,
        default=Decimal(1),
        validators=[MinValueValidator(Decimal("0.00000001"))],
    )
    is_enabled = models.BooleanField(default=True)
    lifetime_minutes = models.PositiveIntegerField(default=20)
    grace_seconds = models.PositiveIntegerField(default=120)
    calls_per_second = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True, default=Decimal(1))
    burst = models.PositiveIntegerField(default=5)
    push_secret = models.CharField(max_length=64, unique=True, default=new_push_secret, editable=False)
    push_addresses = models.CharField(max_length=400, blank=True)
    paused_at = models.DateTimeField(null=True, editable=False)
    pause_reason = models.CharField(max_length=200, blank=True, editable=False, db_default="")
    ranked_as_paused = models.BooleanField(default=False, db_default=False, editable=False)
    balance = models.DecimalField(max_digits=14, decimal_places=4, null=True, editable=False)
    balance_at = models.DateTimeField(null=True, editable=False)
    low_balance = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)
    synced_at = models.DateTimeField(null=True, editable=False)
    sync_error = models.CharField(max_length=200, blank=True, editable=False)

    class Meta:
        constraints = [
            CheckConstraint(condition=Q(usd_rate__gt=0), name="provider_rate_positive"),
            CheckConstraint(condition=Q(calls_per_second__gt=0), name="provider_calls_positive"),
        ]

    def __str__(self) -> str:
        return self.name


class BalanceReading(models.Model):
    """What our account at a provider held, in its currency. is_start: sums of what was spent begin here.

    usd_rate: what the currency was worth to us then. read_at: when we asked.
    """

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="+")
    read_at = models.DateTimeField(db_default=Now())
    balance = models.DecimalField(max_digits=14, decimal_places=4)
    usd_rate = models.DecimalField(max_digits=14, decimal_places=8, default=Decimal(1), db_default=Decimal(1))
    is_start = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(F("provider"), F("id").desc(), name="reading_newest")]

    def __str__(self) -> str:
        return f"{self.provider_id}: {self.balance}"


class Country(models.Model):
    """id: the upstream family's numeric id. slug: ISO 3166-1 alpha-2 in lower case, where there is one."""

    id = models.PositiveIntegerField(primary_key=True)
    iso2 = models.CharField(max_length=2, blank=True)
    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    is_enabled = models.BooleanField(default=True)

    class Meta:
        verbose_name_plural = "countries"

    def __str__(self) -> str:
        return self.name


class Service(models.Model):
    """code: the upstream family's. slug: ours. No service's slug is another's code."""

    code = models.CharField(max_length=16, primary_key=True)
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    position = models.PositiveIntegerField(default=0)
    is_enabled = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.name


class Offer(models.Model):
    """What a provider asks for a pair. cost: US dollars. A pair that is out of stock has count 0."""

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="offers")
    service = models.ForeignKey(Service, models.PROTECT, related_name="+")
    country = models.ForeignKey(Country, models.PROTECT, related_name="+")
    cost = models.DecimalField(max_digits=12, decimal_places=4)
    count = models.PositiveIntegerField()
    is_enabled = models.BooleanField(default=True)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["service", "country", "provider"], name="offer_once"),
            CheckConstraint(condition=Q(cost__gte=0), name="offer_cost_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.service_id} in {self.country_id} at {self.provider_id}"


class PriceRule(models.Model):
    """Markup on the cost: `percent` of it, then `fixed_cents` on top, rounded up to a whole cent.

    Empty service and country mean all of them. The most specific rule wins: pair, service, country, all.
    allow_below_cost: else the price is never under the cost.
    """

    service = models.ForeignKey(Service, models.CASCADE, null=True, blank=True, related_name="+")
    country = models.ForeignKey(Country, models.CASCADE, null=True, blank=True, related_name="+")
    percent = models.DecimalField(
        max_digits=7, decimal_places=2, default=Decimal(0), validators=[MinValueValidator(Decimal(-100))]
    )
    fixed_cents = models.IntegerField(
        default=0, validators=[MinValueValidator(-MAX_FIXED_CENTS), MaxValueValidator(MAX_FIXED_CENTS)]
    )
    allow_below_cost = models.BooleanField(default=False)
    note = models.CharField(max_length=200, blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["service", "country"], name="rule_scope_once", nulls_distinct=False),
            CheckConstraint(condition=Q(percent__gte=-100), name="rule_percent_sane"),
            CheckConstraint(
                condition=Q(fixed_cents__range=(-MAX_FIXED_CENTS, MAX_FIXED_CENTS)), name="rule_addition_sane"
            ),
        ]

    def __str__(self) -> str:
        scope = " ".join(filter(None, [self.service_id or "", str(self.country_id or "")])) or "everything"
        return f"{scope}: {self.percent:+} % {self.fixed_cents:+} ¢"


class Price(models.Model):
    """The price list in force: for each pair that is on sale the cheapest offer and what we ask for it.

    Rebuilt from offers, switches and rules, by set; read by the lists and by every purchase.
    cost: US dollars.
    """

    service = models.ForeignKey(Service, models.CASCADE, related_name="+")
    country = models.ForeignKey(Country, models.CASCADE, related_name="+")
    provider = models.ForeignKey(Provider, models.CASCADE, related_name="+")
    cost = models.DecimalField(max_digits=12, decimal_places=4)
    price_cents = models.PositiveIntegerField()
    count = models.PositiveIntegerField()
    rule = models.ForeignKey(PriceRule, models.SET_NULL, null=True, related_name="+", db_constraint=False)

    class Meta:
        constraints = [UniqueConstraint(fields=["service", "country"], name="price_once")]

    def __str__(self) -> str:
        return f"{self.service_id} in {self.country_id}: {self.price_cents}"


class ServiceSummary(models.Model):
    """One line of /services, added up from the price list."""

    service = models.OneToOneField(Service, models.CASCADE, primary_key=True, related_name="+")
    min_price_cents = models.PositiveIntegerField()
    total_count = models.PositiveBigIntegerField()
    country_count = models.PositiveIntegerField()

    class Meta:
        indexes = [models.Index(F("min_price_cents"), name="summary_by_price")]

    def __str__(self) -> str:
        return self.service_id


class CatalogueVersion(models.Model):
    """A single row; the version rises with every change that a list shows."""

    version = models.PositiveBigIntegerField(default=1)
    changed_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return str(self.version)


class OfferOdds(models.Model):
    """How many numbers of an offer brought a code, rolling over a day and over seven; see catalog.odds.

    Rolled up from orders every minute. An offer of which no number was bought in seven days has no row.
    """

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="+")
    service = models.ForeignKey(Service, models.CASCADE, related_name="+")
    country = models.ForeignKey(Country, models.CASCADE, related_name="+")
    bought_24h = models.PositiveIntegerField()
    arrived_24h = models.PositiveIntegerField()
    median_24h = models.PositiveIntegerField(null=True)
    p90_24h = models.PositiveIntegerField(null=True)
    bought_7d = models.PositiveIntegerField()
    arrived_7d = models.PositiveIntegerField()
    median_7d = models.PositiveIntegerField(null=True)
    p90_7d = models.PositiveIntegerField(null=True)

    class Meta:
        verbose_name_plural = "offer odds"
        constraints = [
            UniqueConstraint(fields=["service", "country", "provider"], name="odds_once"),
            CheckConstraint(
                condition=Q(arrived_24h__lte=F("bought_24h")) & Q(arrived_7d__lte=F("bought_7d")),
                name="odds_not_above_one",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service_id} in {self.country_id} at {self.provider_id}: {self.arrived_7d} of {self.bought_7d}"

    @property
    def odds(self) -> Odds:
        return Odds(
            Window(self.bought_24h, self.arrived_24h, self.median_24h, self.p90_24h),
            Window(self.bought_7d, self.arrived_7d, self.median_7d, self.p90_7d),
        )


class CodeRate(models.Model):
    """A single row: which share of this shop's numbers brings a code; what untried offers are taken for."""

    rate = models.DecimalField(max_digits=3, decimal_places=2, default=USUAL_RATE)

    def __str__(self) -> str:
        return str(self.rate)


class SearchName(models.Model):
    """A name by which a service, or else a country, may be looked for; see catalog.names.

    text: folded. is_code: what providers call the service; it is found where it is typed whole, and after the names.
    """

    service = models.ForeignKey(Service, models.CASCADE, null=True, related_name="+")
    country = models.ForeignKey(Country, models.CASCADE, null=True, related_name="+")
    text = models.CharField(max_length=120)
    is_code = models.BooleanField(default=False)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["service", "country", "text"], name="name_once", nulls_distinct=False),
            CheckConstraint(condition=Q(service=None) ^ Q(country=None), name="name_of_one"),
        ]

    def __str__(self) -> str:
        return self.text
