from rest_framework import serializers

from bench.yardsticks.typical.models import Order, Sms


class SmsSerializer(serializers.ModelSerializer):
    receivedAt = serializers.DateTimeField(source="received_at")

    class Meta:
        model = Sms
        fields = ["body", "receivedAt"]


class OrderSerializer(serializers.ModelSerializer):
    chargedCents = serializers.CharField(source="charged_cents")
    refundedCents = serializers.CharField(source="refunded_cents")
    createdAt = serializers.DateTimeField(source="created_at")
    expiresAt = serializers.DateTimeField(source="expires_at")
    smsHistory = SmsSerializer(source="sms", many=True)

    class Meta:
        model = Order
        fields = [
            "id", "status", "service", "country", "phone", "chargedCents", "refundedCents", "createdAt",
            "expiresAt", "smsHistory",
        ]  # fmt: skip
