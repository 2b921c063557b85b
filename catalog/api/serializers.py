from typing import Any

from rest_framework import serializers


class ServiceObject(serializers.Serializer[Any]):
    code = serializers.CharField()
    slug = serializers.CharField()
    name = serializers.CharField()
    minCostUsd = serializers.FloatField(help_text="The least price of the service, US dollars.")
    totalCount = serializers.IntegerField()
    countryCount = serializers.IntegerField()


class ServiceList(serializers.Serializer[Any]):
    items = ServiceObject(many=True)


class CountryObject(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    slug = serializers.CharField()
    name = serializers.CharField()


class CountryList(serializers.Serializer[Any]):
    items = CountryObject(many=True)


class OddsObject(serializers.Serializer[Any]):
    """Numbers of one offer that customers of this shop bought, counted from 20 minutes after their purchase on."""

    bought = serializers.IntegerField(help_text="Never under 5: fewer say nothing.")
    arrived = serializers.IntegerField(help_text="How many of them brought a code.")
    medianSeconds = serializers.IntegerField(
        allow_null=True, help_text="Half of these codes came within so many seconds; null where none came."
    )
    p90Seconds = serializers.IntegerField(
        allow_null=True, help_text="Nine in ten of these codes came within so many seconds; null where none came."
    )


class PriceObject(serializers.Serializer[Any]):
    countryId = serializers.IntegerField()
    countrySlug = serializers.CharField()
    priceCents = serializers.CharField(help_text="What you would be charged now, US cents.")
    count = serializers.IntegerField()
    odds24h = OddsObject(allow_null=True, help_text="Of the last 24 hours; null: not tested yet.")
    odds7d = OddsObject(allow_null=True, help_text="Of the last 7 days; null: not tested yet.")
    expectedCents = serializers.CharField(
        help_text="The price of one code that arrives, US cents: priceCents through the estimated chance of a code."
        " Only to compare offers by: a number without a code is refunded."
    )


class PriceList(serializers.Serializer[Any]):
    service = serializers.CharField(help_text="The service's code.")
    items = PriceObject(many=True)


class PriceQuery(serializers.Serializer[Any]):
    service = serializers.CharField(max_length=80, help_text="Code or slug.")
