from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from orders.models import Status


@extend_schema_field(
    {"oneOf": [{"type": "integer", "minimum": 0}, {"type": "string", "minLength": 1, "maxLength": 40}]}
)
class CountryRef(serializers.CharField):
    """An id as a number or a string, or a slug."""

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, bool) or not isinstance(data, int | str):
            self.fail("invalid")
        return super().to_internal_value(str(data))


class ServiceRef(serializers.CharField):
    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class NewOrder(serializers.Serializer[Any]):
    service = ServiceRef(min_length=1, max_length=80, help_text="Code or slug of the service.")
    country = CountryRef(max_length=40, help_text="Id (number or string) or slug of the country.")


class Nothing(serializers.Serializer[Any]):
    """A body that may be absent or empty."""


class Page(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=Status.choices, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=100, default=20)
    cursor = serializers.RegexField(r"\Ac[a-z0-9]{24}\Z", required=False)


class SmsObject(serializers.Serializer[Any]):
    body = serializers.CharField()
    receivedAt = serializers.DateTimeField()


class OrderObject(serializers.Serializer[Any]):
    """Money in US cents as decimal strings; times in UTC with milliseconds."""

    id = serializers.CharField()
    status = serializers.ChoiceField(choices=Status.choices)
    service = serializers.CharField(help_text="The service's code.")
    country = serializers.CharField(help_text="The country's id.")
    phone = serializers.CharField(allow_null=True, help_text="E.164.")
    chargedCents = serializers.CharField()
    refundedCents = serializers.CharField()
    createdAt = serializers.DateTimeField()
    expiresAt = serializers.DateTimeField(allow_null=True)
    smsBody = serializers.CharField(allow_null=True)
    smsReceivedAt = serializers.DateTimeField(allow_null=True)
    smsHistory = SmsObject(many=True)
    cancelledAt = serializers.DateTimeField(required=False)
    completedAt = serializers.DateTimeField(required=False)


class OrderList(serializers.Serializer[Any]):
    items = OrderObject(many=True)
    nextCursor = serializers.CharField(allow_null=True)


class OrderStatus(serializers.Serializer[Any]):
    id = serializers.CharField()
    status = serializers.ChoiceField(choices=Status.choices)
