from django.db import models
from django.db.models import UniqueConstraint


class State(models.TextChoices):
    """Of a part of the shop. UNKNOWN: nobody looked, or there was nothing to see."""

    UP = "up"
    IMPAIRED = "impaired"
    DOWN = "down"
    UNKNOWN = "unknown"


class ProbeDay(models.Model):
    """What the probes of one part of the shop found on one day (UTC): how many minutes of each state.

    Minutes that are in none of them are unknown: nothing ran that could look. last_minute: the newest that is counted.
    """

    part = models.CharField(max_length=20)
    day = models.DateField()
    up = models.PositiveSmallIntegerField(default=0, db_default=0)
    impaired = models.PositiveSmallIntegerField(default=0, db_default=0)
    down = models.PositiveSmallIntegerField(default=0, db_default=0)
    last_minute = models.DateTimeField()

    class Meta:
        constraints = [UniqueConstraint(fields=["part", "day"], name="probe_day_once")]

    def __str__(self) -> str:
        return f"{self.part} {self.day}"

    @property
    def known(self) -> int:
        return self.up + self.impaired + self.down
