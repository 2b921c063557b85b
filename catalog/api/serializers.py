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


class PriceObject(serializers.Serializer[Any]):
    countryId = serializers.IntegerField()
    countrySlug = serializers.CharField()
    priceCents = serializers.CharField(help_text="What you would be charged now, US cents.")
    count = serializers.IntegerField()


class PriceList(serializers.Serializer[Any]):
    service = serializers.CharField(help_text="The service's code.")
    items = PriceObject(many=True)


class PriceQuery(serializers.Serializer[Any]):
    service = serializers.CharField(max_length=80, help_text="Code or slug.")
