from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from jiema.money import dollars
from jiema.readonly_admin import ReadOnlyAdmin
from orders.models import Order, Sms, StrayActivation, UpstreamAttempt


class ReadOnlyInline(admin.TabularInline):  # type: ignore[type-arg]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class AttemptInline(ReadOnlyInline):
    model = UpstreamAttempt
    fk_name = "order"


class SmsInline(ReadOnlyInline):
    """When an SMS came, not what it says: that is the customer's."""

    model = Sms
    fields = ["received_at"]


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    list_display = ["id", "user", "status", "service", "country", "phone", "charged", "refunded", "created_at"]
    list_filter = ["status", "provider"]
    list_select_related = ["user", "service", "country"]
    search_fields = ["=id", "=phone", "=activation_id", "=user__email"]
    ordering = ["-id"]
    show_full_result_count = False
    exclude = ["sms_body"]
    inlines = [AttemptInline, SmsInline]

    @admin.display(description="charged", ordering="charged_cents")
    def charged(self, order: Order) -> str:
        return dollars(order.charged_cents)

    @admin.display(description="refunded", ordering="refunded_cents")
    def refunded(self, order: Order) -> str:
        return dollars(order.refunded_cents)


@admin.register(UpstreamAttempt)
class UpstreamAttemptAdmin(ReadOnlyAdmin):
    list_display = ["order", "provider", "outcome", "token", "max_cost", "sent_at"]
    list_filter = ["outcome", "provider"]
    list_select_related = ["order", "provider"]
    search_fields = ["=order__id"]
    ordering = ["-id"]
    show_full_result_count = False


@admin.register(StrayActivation)
class StrayActivationAdmin(ReadOnlyAdmin):
    list_display = ["activation_id", "provider", "phone", "service_code", "cost", "first_seen_at", "settlement"]
    list_filter = ["provider"]
    list_select_related = ["provider"]
    search_fields = ["=activation_id", "=phone"]
    ordering = ["-id"]
    show_full_result_count = False
