import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from jiema.readonly_admin import DeskAdmin, ReadOnlyAdmin, ReadOnlyInline
from orders.webhooks.models import Attempt, Delivery, Endpoint, Off
from orders.webhooks.services.switching import switch_off

MASK = "•••"


@admin.register(Endpoint)
class EndpointAdmin(DeskAdmin):
    list_display = ["url", "user", "created_at", "disabled_at", "disabled_because", "failing_since", "deleted_at"]
    list_filter = ["disabled_because", ("failing_since", admin.EmptyFieldListFilter)]
    list_select_related = ["user"]
    search_fields = ["=id", "url", "=user__email"]
    exclude = ["secret", "old_secret"]
    actions = ["switch_off"]

    @admin.action(description="Switch off: nothing is sent there any more", permissions=["work"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        """The customer can't switch it on again."""
        if note := self.note(request):
            done = 0
            for endpoint in queryset:
                if switch_off(endpoint, Off.BY_STAFF):
                    self.log_change(request, endpoint, f"Switched off: {note}")
                    done += 1
            self.message_user(request, f"{done} endpoints are off.")


class AttemptInline(ReadOnlyInline):
    """Without the answer, which may repeat an SMS."""

    model = Attempt
    fields = ["ended_at", "status", "trouble", "took_ms"]


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ["id", "endpoint", "type", "order", "state", "tries_left", "due_at", "created_at"]
    list_filter = ["state", "type"]
    list_select_related = ["endpoint", "order"]
    search_fields = ["=id", "=order__id", "=endpoint__id"]
    exclude = ["body"]
    readonly_fields = ["masked_body"]
    inlines = [AttemptInline]
    ordering = ["-pk"]
    show_full_result_count = False

    @admin.display(description="body, SMS masked")
    def masked_body(self, delivery: Delivery) -> str:
        if delivery.body is None:
            return "removed"
        return json.dumps(_masked(json.loads(delivery.body)), indent=2, ensure_ascii=False)


def _masked(body: dict[str, Any]) -> dict[str, Any]:
    data = body["data"]
    if data.get("smsBody"):
        data["smsBody"] = MASK
    for sms in data.get("smsHistory", []):
        sms["body"] = MASK
    return body
