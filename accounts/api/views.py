from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from accounts.models import Language, User
from jiema.api.envelope import success
from jiema.api.views import ApiView


class AccountObject(serializers.Serializer[Any]):
    id = serializers.CharField()
    balanceCents = serializers.CharField(source="wallet.balance_cents", help_text="US cents.")
    referralCode = serializers.CharField(source="referral_code")
    displayName = serializers.CharField(source="display_name", allow_blank=True)
    lang = serializers.ChoiceField(choices=Language.choices)


class Account(ApiView):
    """The account that the key belongs to, and its balance."""

    @extend_schema(operation_id="getAccount", responses=AccountObject)
    def get(self, request: Request) -> HttpResponse:
        user = User.objects.select_related("wallet").get(pk=self.caller.user_id)
        return success(AccountObject(user).data)
