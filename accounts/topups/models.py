from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from jiema.api.ids import new_id


class TopUpState(models.TextChoices):
    CREATED = "created", "Created"
    CREDITED = "credited", "Credited"
    FAILED = "failed", "Failed"


class TopUp(models.Model):
    """A customer's wish to pay in, and what became of it. amount_cents: US cents."""

    id = models.CharField(primary_key=True, max_length=25, default=new_id, editable=False, db_collation="C")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="top_ups")
    gateway = models.CharField(max_length=20)
    amount_cents = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=TopUpState, default=TopUpState.CREATED)
    created_at = models.DateTimeField(db_default=Now())
    credited_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.id
