import csv
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from accounts.models import User
from accounts.topups import methods
from accounts.topups.forms import ApprovalForm, PayBackForm
from accounts.topups.gateways.base import GatewayError
from accounts.topups.models import (
    Approval,
    ChainAddress,
    Method,
    PaymentMethod,
    Payout,
    Review,
    Slip,
    TopUp,
    TopUpTerms,
    WebhookEvent,
)
from accounts.topups.services import bank, confirming, export, inbox, payouts, reviews
from jiema.api.errors import DomainError
from jiema.api.ids import new_id
from jiema.money import dollars
from jiema.readonly_admin import DeskAdmin, ReadOnlyInline


class MethodForm(forms.ModelForm):  # type: ignore[type-arg]
    def clean(self) -> dict[str, Any]:
        """In another currency than the gateway's every payment would come, and none be credited."""
        wish = super().clean() or self.cleaned_data
        is_usdt = wish.get("gateway", self.instance.gateway) == Method.TRON
        if "currency" in wish and (wish["currency"] == "USDT") != is_usdt:
            self.add_error("currency", "USDT for payments over TRON, and for no others.")
        return wish


@admin.register(PaymentMethod)
class PaymentMethodAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = MethodForm
    list_display = ["__str__", "gateway", "is_enabled", "position", "bounds", "fee", "currency", "usd_rate"]
    list_editable = ["is_enabled", "position"]

    def has_delete_permission(self, request: HttpRequest, obj: PaymentMethod | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: PaymentMethod | None = None) -> list[str]:
        return ["gateway", *(["first_address"] if obj.gateway == Method.TRON else [])] if obj else []

    @admin.display(description="first address: it has to be your own wallet's at this path")
    def first_address(self, method: PaymentMethod) -> str:
        return export.first_address()

    @admin.display(description="bounds")
    def bounds(self, method: PaymentMethod) -> str:
        return f"{dollars(method.min_cents)} to {dollars(method.max_cents)}"

    @admin.display(description="fee")
    def fee(self, method: PaymentMethod) -> str:
        return f"{method.fee_percent} % + {dollars(method.fee_cents)}"


@admin.register(TopUpTerms)
class TopUpTermsAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["__str__", "is_open", "balance_cap_cents", "second_person_cents"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not TopUpTerms.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: TopUpTerms | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: TopUpTerms, form: Any, change: bool) -> None:
        obj.pk = 1
        super().save_model(request, obj, form, change)


class ApprovalInline(ReadOnlyInline):
    model = Approval
    fields = ["person", "amount", "at"]
    readonly_fields = ["person"]

    def person(self, approval: Approval) -> str:
        return str(User.objects.filter(pk=approval.actor).first() or approval.actor)


class PayoutInline(ReadOnlyInline):
    model = Payout


class ReviewInline(ReadOnlyInline):
    model = Review


@admin.register(TopUp)
class TopUpAdmin(DeskAdmin):
    """Payments: read, asked about again, bank transfers approved or refused, paid back."""

    list_display = ["id", "user", "state", "amount", "credited", "gateway", "dispute", "created_at", "paid_at"]
    list_filter = ["state", "gateway", "dispute"]
    list_select_related = ["user"]
    search_fields = ["=id", "=user__email", "=gateway_ref", "=payment_ref"]
    exclude = ["key"]
    readonly_fields = ["slip_link"]
    inlines = [ApprovalInline, PayoutInline, ReviewInline]
    actions = ["read_again", "approve", "refuse", "pay_back"]

    def get_urls(self) -> list[URLPattern]:
        slip = path("<str:top_up_id>/slip", self.admin_site.admin_view(self.slip), name="topups_slip")
        return [slip, *super().get_urls()]

    @admin.display(description="amount", ordering="amount_cents")
    def amount(self, top_up: TopUp) -> str:
        return dollars(top_up.amount_cents)

    @admin.display(description="credited", ordering="credited_cents")
    def credited(self, top_up: TopUp) -> str:
        return dollars(top_up.credited_cents)

    @admin.display(description="slip")
    def slip_link(self, top_up: TopUp) -> str:
        if not Slip.objects.filter(pk=top_up.pk).exists():
            return "none"
        return format_html('<a href="{}">download</a>', reverse("admin:topups_slip", args=[top_up.pk]))

    def slip(self, request: HttpRequest, top_up_id: str) -> HttpResponse:
        """As a download, whatever it holds: nothing of a customer's is opened within the admin."""
        found = Slip.objects.filter(pk=top_up_id).first()
        if not found or not self.has_view_permission(request):
            raise Http404
        name = f"{top_up_id}.{found.content_type.rpartition('/')[2]}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return HttpResponse(bytes(found.body), content_type=found.content_type, headers=headers)

    @admin.action(description="Ask the gateway again", permissions=["work"])
    def read_again(self, request: HttpRequest, queryset: QuerySet[TopUp]) -> None:
        for top_up in queryset:
            try:
                confirming.read_again(top_up)
            except (GatewayError, KeyError) as error:
                self.message_user(request, f"Top-up {top_up}: {error}", messages.ERROR)
            else:
                self.message_user(request, f"Top-up {top_up} was read.")

    @admin.action(description="Approve a bank transfer", permissions=["work"])
    def approve(self, request: HttpRequest, queryset: QuerySet[TopUp]) -> HttpResponse | None:
        """First asks how much arrived."""
        top_up = self._one(request, queryset)
        if top_up is None:
            return None
        form = ApprovalForm(request.POST if "amount" in request.POST else None, initial={"amount": top_up.asked})
        if not form.is_valid():
            return self._ask(request, top_up, form, "approve", "Approve a bank transfer")
        try:
            is_credited = bank.approve(top_up.pk, form.cleaned_data["amount"], str(request.user.pk))
        except DomainError as refusal:
            self.message_user(request, refusal.message, messages.ERROR)
            return None
        self.log_change(request, top_up, f"approved {form.cleaned_data['amount']} {top_up.currency}")
        waits = f"Top-up {top_up} waits for a second person to approve the same amount."
        self.message_user(request, f"Top-up {top_up} is credited." if is_credited else waits)
        return None

    @admin.action(description="Refuse a bank transfer; the customer is shown the note", permissions=["work"])
    def refuse(self, request: HttpRequest, queryset: QuerySet[TopUp]) -> None:
        note = self.note(request)
        if not note:
            return
        for top_up in queryset:
            try:
                bank.refuse(top_up.pk, request.user.get_username(), note)
            except DomainError as refusal:
                self.message_user(request, f"Top-up {top_up}: {refusal.message}", messages.ERROR)
            else:
                self.log_change(request, top_up, f"refused: {note}")
                self.message_user(request, f"Top-up {top_up} is refused.")

    @admin.action(description="Pay back to where it came from", permissions=["work"])
    def pay_back(self, request: HttpRequest, queryset: QuerySet[TopUp]) -> HttpResponse | None:
        """First asks for amount and reason."""
        top_up = self._one(request, queryset)
        if top_up is None:
            return None
        most = payouts.refundable(top_up)
        if not most and "amount" not in request.POST:  # an answer sent again is told what became of it
            self.message_user(request, f"Nothing of top-up {top_up} is unspent.", messages.ERROR)
            return None
        start = {"amount": f"{most / 100:.2f}", "form": new_id()}
        form = PayBackForm(request.POST if "amount" in request.POST else None, most=most, initial=start)
        if not form.is_valid():
            return self._ask(request, top_up, form, "pay_back", "Pay a top-up back")
        wish = form.cleaned_data
        try:
            sent = payouts.pay_back(
                top_up.pk, wish["amount"], request.user.get_username(), wish["reason"], wish["form"]
            )
        except DomainError as refusal:
            self.message_user(request, refusal.message, messages.ERROR)
            return None
        self.log_change(request, top_up, f"paid back {dollars(sent.amount_cents)}: {sent.reason}")
        by_hand = " A person has to send it: see Payouts." if sent.by_hand else ""
        self.message_user(request, f"{dollars(sent.amount_cents)}: {sent.get_state_display()}.{by_hand}")
        return None

    def _one(self, request: HttpRequest, queryset: QuerySet[TopUp]) -> TopUp | None:
        if queryset.count() != 1:
            self.message_user(request, "Choose one top-up for this.", messages.ERROR)
            return None
        return queryset.get()

    def _ask(self, request: HttpRequest, top_up: TopUp, form: Any, action: str, title: str) -> HttpResponse:
        shown = {"top_up": top_up, "form": form, "action": action, "title": title, "opts": self.opts}
        context = self.admin_site.each_context(request) | shown
        return TemplateResponse(request, "admin/topups/topup/ask.html", context)


@admin.register(Payout)
class PayoutAdmin(DeskAdmin):
    """Money on its way back. What a person has to send is marked here once it is sent."""

    list_display = ["id", "top_up", "sum", "amount", "state", "by_hand", "gateway_ref", "why", "actor", "created_at"]
    list_filter = ["state", "by_hand"]
    search_fields = ["=id", "=top_up__id", "=top_up__user__email", "=gateway_ref"]
    actions = ["sent", "give_up"]

    @admin.display(description="US dollars", ordering="amount_cents")
    def sum(self, payout: Payout) -> str:
        return dollars(payout.amount_cents)

    @admin.action(description="Sent by hand: the note is its reference", permissions=["work"])
    def sent(self, request: HttpRequest, queryset: QuerySet[Payout]) -> None:
        self._settle(request, queryset, payouts.sent_by_hand, "is sent")

    @admin.action(description="Can't be sent: back on the balance, the note says why", permissions=["work"])
    def give_up(self, request: HttpRequest, queryset: QuerySet[Payout]) -> None:
        self._settle(request, queryset, payouts.give_up, "is on the balance again")

    def _settle(self, request: HttpRequest, queryset: QuerySet[Payout], verb: Any, done: str) -> None:
        note = self.note(request)
        if not note:
            return
        for payout in queryset:
            try:
                verb(payout.pk, note)
            except DomainError as refusal:
                self.message_user(request, f"Pay-back {payout}: {refusal.message}", messages.ERROR)
            else:
                self.log_change(request, payout, f"{done}: {note}")
                self.message_user(request, f"Pay-back {payout} {done}.")


@admin.register(Review)
class ReviewAdmin(DeskAdmin):
    """Payments that a person has to look at; settled with a note on what was done."""

    list_display = ["opened_at", "code", "top_up", "detail", "gateway", "subject", "settled_at", "settled_by"]
    list_filter = [("settled_at", admin.EmptyFieldListFilter), "finding", "gateway"]
    search_fields = ["=subject", "=top_up__id", "=top_up__user__email"]
    actions = ["settle"]

    @admin.display(description="finding", ordering="finding")
    def code(self, review: Review) -> str:
        """As the runbook names it; the filter has the words."""
        return review.finding

    @admin.action(description="Settle with the note", permissions=["work"])
    def settle(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        note = self.note(request)
        if note:
            settled = sum(reviews.settle_review(each.pk, request.user.get_username(), note) for each in queryset)
            self.message_user(request, f"{settled} reviews are settled.")


@admin.register(WebhookEvent)
class WebhookEventAdmin(DeskAdmin):
    list_display = ["received_at", "gateway", "kind", "event_id", "ref", "payment_ref", "handled_at", "tries", "error"]
    list_filter = [("handled_at", admin.EmptyFieldListFilter), "gateway", "kind"]
    search_fields = ["=event_id", "=ref", "=payment_ref"]
    actions = ["handle_again"]

    @admin.action(description="Handle again", permissions=["work"])
    def handle_again(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> None:
        here = [event for event in queryset if methods.is_configured(event.gateway)]
        handled = sum(inbox.handle(event) for event in here)
        self.message_user(request, f"{handled} webhooks are handled.")


@admin.register(ChainAddress)
class ChainAddressAdmin(DeskAdmin):
    """The one-time addresses. What they hold is swept by the owner's own wallet, which has the private key."""

    list_display = ["id", "address", "top_up", "state"]
    list_select_related = ["top_up"]
    search_fields = ["=top_up__gateway_ref", "=top_up__id"]
    actions = ["export_balances"]

    @admin.display(description="address")
    def address(self, row: ChainAddress) -> str:
        return row.top_up.gateway_ref

    @admin.display(description="state")
    def state(self, row: ChainAddress) -> str:
        return row.top_up.get_state_display()

    @admin.action(description="Export with balances, for sweeping", permissions=["work"])
    def export_balances(self, request: HttpRequest, queryset: QuerySet[ChainAddress]) -> HttpResponse | None:
        try:
            rows = export.balances(queryset)
        except (GatewayError, KeyError) as error:
            self.message_user(request, f"The balances could not be read: {error}", messages.ERROR)
            return None
        response = HttpResponse(content_type="text/csv", headers={"Cache-Control": "no-store"})
        response["Content-Disposition"] = f'attachment; filename="{Method.TRON}-addresses.csv"'
        writer = csv.writer(response)
        writer.writerow(["path", "address", "usdt"])
        writer.writerows(rows)
        return response
