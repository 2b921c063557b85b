from django.conf import settings
from django.db import models


class Order(models.Model):
    id = models.CharField(primary_key=True, max_length=25)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="orders")
    status = models.CharField(max_length=9)
    service = models.CharField(max_length=16)
    country = models.CharField(max_length=8)
    phone = models.CharField(max_length=16, null=True)
    charged_cents = models.PositiveIntegerField()
    refunded_cents = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.id


class Sms(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name="sms")
    body = models.TextField()
    received_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.body
