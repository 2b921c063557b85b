from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Alarm(models.Model):
    """Something that a person has to look at. code: a kind's. times: how often it was raised since raised_at.

    Two that are raised at the same moment may leave two rows: nobody waits for a lock to raise one.
    """

    code = models.CharField(max_length=40)
    subject = models.CharField(max_length=200, blank=True)
    detail = models.JSONField(default=dict)
    times = models.PositiveBigIntegerField(default=1, db_default=1)
    raised_at = models.DateTimeField(db_default=Now())
    last_raised_at = models.DateTimeField(db_default=Now())
    cleared_at = models.DateTimeField(null=True)
    cleared_by = models.CharField(max_length=254, blank=True, db_default="")
    note = models.CharField(max_length=400, blank=True, db_default="")

    class Meta:
        indexes = [models.Index(fields=["code", "subject"], name="alarm_open", condition=Q(cleared_at=None))]

    def __str__(self) -> str:
        return f"{self.code} {self.subject}".strip()


class Tick(models.Model):
    """When something that runs by the clock last ran."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name
