from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from jiema.api.errors import DomainError
from jiema.money import dollars
from jiema.readonly_admin import DeskAdmin, ReadOnlyAdmin, ReadOnlyInline
from orders.models import Order, SalesStop, Sms, StrayActivation, UpstreamAttempt, UpstreamLoss
from orders.services import desk, stopping


class AttemptInline(ReadOnlyInline):
    model = UpstreamAttempt
    fk_name = "order"


class SmsInline(ReadOnlyInline):
    """When an SMS came, not what it says: that is the customer's."""

    model = Sms
    fields = ["received_at"]


@admin.register(Order)
class OrderAdmin(DeskAdmin):
    list_display = ["id", "user", "status", "service", "country", "phone", "charged", "refunded", "created_at"]
    list_filter = ["status", "provider"]
    list_select_related = ["user", "service", "country"]
    search_fields = ["=id", "=phone", "=activation_id", "=user__email"]
    exclude = ["sms_body"]
    inlines = [AttemptInline, SmsInline]
    actions = ["pay_back"]

    @admin.display(description="charged", ordering="charged_cents")
    def charged(self, order: Order) -> str:
        return dollars(order.charged_cents)

    @admin.display(description="refunded", ordering="refunded_cents")
    def refunded(self, order: Order) -> str:
        return dollars(order.refunded_cents)

    @admin.action(description="Pay the price back, as goodwill", permissions=["work"])
    def pay_back(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        """The customer sees the note on the statement."""
        reason = self.note(request)
        if not reason:
            return
        for order in queryset:
            try:
                cents = desk.pay_back(order.pk, request.user.get_username(), reason)
            except DomainError as refusal:
                self.message_user(request, f"{order}: {refusal.message}", messages.ERROR)
            else:
                self.message_user(request, f"{order}: {dollars(cents)} went back to {order.user}.")


@admin.register(UpstreamAttempt)
class UpstreamAttemptAdmin(ReadOnlyAdmin):
    list_display = ["order", "provider", "outcome", "token", "max_cost", "sent_at"]
    list_filter = ["outcome", "provider"]
    list_select_related = ["order", "provider"]
    search_fields = ["=order__id"]
    ordering = ["-id"]
    show_full_result_count = False


@admin.register(StrayActivation)
class StrayActivationAdmin(DeskAdmin):
    """Numbers at a provider that no order owns: given back, or explained with a note."""

    list_display = [
        *["activation_id", "provider", "phone", "service_code", "country_code", "cost"],
        *["first_seen_at", "settled_at", "settlement", "settled_by"],
    ]
    list_filter = [("settled_at", admin.EmptyFieldListFilter), "provider"]
    list_select_related = ["provider"]
    search_fields = ["=activation_id", "=phone"]
    actions = ["give_back", "settle"]

    @admin.action(description="Give back at the provider", permissions=["work"])
    def give_back(self, request: HttpRequest, queryset: QuerySet[StrayActivation]) -> None:
        for stray in queryset:
            try:
                desk.give_stray_back(stray.pk, request.user.get_username())
            except DomainError as refusal:
                self.message_user(request, refusal.message, messages.ERROR)
            else:
                self.message_user(request, f"{stray} was given back.")

    @admin.action(description="Settle with the note", permissions=["work"])
    def settle(self, request: HttpRequest, queryset: QuerySet[StrayActivation]) -> None:
        note = self.note(request)
        if not note:
            return
        for stray in queryset.filter(settled_at=None):
            desk.settle_stray(stray.pk, request.user.get_username(), note)
            self.message_user(request, f"{stray} is settled.")


@admin.register(UpstreamLoss)
class UpstreamLossAdmin(DeskAdmin):
    """The loss account."""

    list_display = ["created_at", "order", "cause", "cost", "void_at", "void_reason"]
    list_filter = ["cause", ("void_at", admin.EmptyFieldListFilter)]
    list_select_related = ["order"]
    search_fields = ["=order__id"]
    actions = ["void"]

    @admin.action(description="Void: the provider kept nothing", permissions=["work"])
    def void(self, request: HttpRequest, queryset: QuerySet[UpstreamLoss]) -> None:
        reason = self.note(request)
        if reason:
            voided = sum(desk.void(loss.pk, request.user.get_username(), reason) for loss in queryset)
            self.message_user(request, f"{voided} losses are void.")


class SalesStopForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = SalesStop
        fields = ["reason"]

    def clean_reason(self) -> str:
        reason = str(self.cleaned_data["reason"]).strip()
        if SalesStop.objects.filter(reason=reason, lifted_at=None).exists():
            raise forms.ValidationError("Sales are stopped for this reason already.")
        return reason


@admin.register(SalesStop)
class SalesStopAdmin(DeskAdmin):
    """The switch of all sales: add one to stop them, lift it to go on."""

    form = SalesStopForm
    list_display = ["reason", "stopped_at", "stopped_by", "lifted_at", "lifted_by"]
    list_filter = [("lifted_at", admin.EmptyFieldListFilter)]
    actions = ["lift"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_work_permission(request)

    def save_model(self, request: HttpRequest, obj: SalesStop, form: Any, change: bool) -> None:
        stopping.stop_sales(obj.reason, request.user.get_username())
        obj.pk = SalesStop.objects.get(reason=obj.reason, lifted_at=None).pk

    @admin.action(description="Lift: sell again", permissions=["work"])
    def lift(self, request: HttpRequest, queryset: QuerySet[SalesStop]) -> None:
        lifted = sum(stopping.lift_stop(stop.pk, request.user.get_username()) for stop in queryset)
        self.message_user(request, f"{lifted} stops are lifted.")
