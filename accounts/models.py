import secrets
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models, transaction
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.db.models.functions import Lower, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.wallet import services as wallet
from jiema.api.ids import ALPHABET, new_id

MAX_ACTIVE_KEYS = 10


def new_referral_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(6))


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """An account with its empty wallet."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        with transaction.atomic(self._db):
            user.save(using=self._db)
            wallet.open_wallet(user.pk)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class AccountState(models.TextChoices):
    ACTIVE = "active", "Active"
    SUSPENDED = "suspended", "Suspended"
    CLOSED = "closed", "Closed"


class Language(models.TextChoices):
    EN = "en", "English"
    ID = "id", "Bahasa Indonesia"
    MS = "ms", "Bahasa Melayu"
    ZH = "zh", "简体中文"


class User(AbstractBaseUser, PermissionsMixin):
    """A customer or a member of staff, known by e-mail.

    reads_per_minute, writes_per_minute: this account's own API limits; empty for the shop's.
    low_balance_cents: a mail tells when the balance falls under so many US cents; empty for no mail.
    low_balance_told_entry: the wallet's newest entry when it was told; empty where it is still to be told.
    time_zone: an IANA name, such as Asia/Jakarta; empty for the browser's.
    """

    id = models.CharField(primary_key=True, max_length=25, default=new_id, editable=False, db_collation="C")
    email = models.EmailField(max_length=254)
    display_name = models.CharField(max_length=60, blank=True)
    lang = models.CharField(max_length=2, choices=Language, default=Language.EN)
    time_zone = models.CharField(max_length=40, blank=True)
    referral_code = models.CharField(max_length=6, unique=True, default=new_referral_code, editable=False)
    state = models.CharField(max_length=10, choices=AccountState, default=AccountState.ACTIVE)
    reads_per_minute = models.PositiveIntegerField(null=True, blank=True)
    writes_per_minute = models.PositiveIntegerField(null=True, blank=True)
    low_balance_cents = models.PositiveIntegerField(null=True, blank=True)
    low_balance_told_at = models.DateTimeField(null=True, editable=False)
    low_balance_told_entry = models.BigIntegerField(null=True, editable=False)
    is_staff = models.BooleanField(default=False)
    accepted_terms_at = models.DateTimeField(null=True, editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)
    date_joined = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            UniqueConstraint(Lower("email"), name="user_email_once"),
            CheckConstraint(condition=Q(reads_per_minute__gt=0), name="user_reads_positive"),
            CheckConstraint(condition=Q(writes_per_minute__gt=0), name="user_writes_positive"),
            CheckConstraint(condition=Q(low_balance_cents__gt=0), name="user_low_balance_positive"),
        ]
        indexes = [
            models.Index(fields=["id"], name="user_low_balance", condition=Q(low_balance_cents__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        return self.state == AccountState.ACTIVE


class Scope(models.TextChoices):
    READ = "read", _("Read only")
    TRADE = "trade", _("Read and trade")


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def active(self) -> "ApiKeyQuerySet":
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=Now()), revoked_at=None)

    def ended(self) -> "ApiKeyQuerySet":
        return self.filter(Q(expires_at__lte=Now()) | Q(revoked_at__isnull=False))


class ApiKey(models.Model):
    """A token's digest and what the token may do; the token itself is shown once and kept nowhere.

    addresses: networks that it may be used from, separated by commas; empty for everywhere.
    services: codes that it may buy, separated by commas; empty for all.
    daily_cap_cents: what it may spend within 24 hours, refunds taken off, US cents; empty for no cap.
    former_digest: of the token before the rotation, which works until former_until.
    last_used_at, last_used_address: as of the last minute; refused calls count.
    mail_due_at: since when its owner is to be told of the new token.
    """

    user = models.ForeignKey(User, models.PROTECT, related_name="api_keys")
    name = models.CharField(max_length=60)
    prefix = models.CharField(max_length=11)
    digest = models.BinaryField(max_length=32, unique=True)
    scope = models.CharField(max_length=5, choices=Scope, default=Scope.TRADE, db_default=Scope.TRADE)
    addresses = models.TextField(blank=True, default="", db_default="")
    services = models.TextField(blank=True, default="", db_default="")
    daily_cap_cents = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    rotated_at = models.DateTimeField(null=True)
    former_prefix = models.CharField(max_length=11, blank=True, default="", db_default="")
    former_digest = models.BinaryField(max_length=32, null=True, unique=True)
    former_until = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    last_used_address = models.GenericIPAddressField(null=True)
    mail_due_at = models.DateTimeField(null=True, editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        constraints = [
            CheckConstraint(condition=Q(scope__in=Scope.values), name="api_key_scope"),
            CheckConstraint(condition=Q(daily_cap_cents__gt=0), name="api_key_cap_positive"),
        ]
        indexes = [models.Index(fields=["mail_due_at"], name="api_key_mail", condition=Q(mail_due_at__isnull=False))]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def former_token_works(self) -> bool:
        return self.former_until is not None and self.former_until > timezone.now()

    @property
    def service_codes(self) -> list[str]:
        return self.services.split(",") if self.services else []

    @property
    def networks(self) -> list[str]:
        return self.addresses.split(",") if self.addresses else []


class ApiKeyHour(models.Model):
    """How many calls a key made within one hour, refused ones too."""

    key = models.ForeignKey(ApiKey, models.CASCADE, related_name="hours", db_index=False)
    hour = models.DateTimeField(db_index=True)
    calls = models.PositiveIntegerField()

    class Meta:
        constraints = [UniqueConstraint(fields=["key", "hour"], name="api_key_hour_once")]

    def __str__(self) -> str:
        return f"{self.key_id} {self.hour:%Y-%m-%d %H}: {self.calls}"
