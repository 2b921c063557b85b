import csv
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers

from accounts.vouchers import services
from accounts.vouchers.forms import BatchForm
from accounts.vouchers.models import Voucher, VoucherBatch
from jiema.money import dollars
from jiema.readonly_admin import DeskAdmin

WISH = ["name", "size", "value", "expires_at", "per_account", "total_cap", "note"]


@admin.register(VoucherBatch)
class VoucherBatchAdmin(DeskAdmin):
    """Codes come as a file when a batch is made, that once. Afterwards a batch may only be stopped."""

    form = BatchForm
    list_display = ["name", "size", "value", "redeemed", "given_out", "left", "expires_at", "stopped_at", "made_by"]
    list_filter = [("stopped_at", admin.EmptyFieldListFilter)]
    search_fields = ["name", "note", "=made_by"]
    actions = ["stop"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[VoucherBatch]:
        used = Voucher.objects.filter(batch=OuterRef("pk"), redeemed_by__isnull=False).order_by().values("batch")
        void = Voucher.objects.filter(batch=OuterRef("pk"), void_at__isnull=False).order_by().values("batch")
        batches: QuerySet[VoucherBatch] = super().get_queryset(request)
        return batches.annotate(used=_count(used), void=_count(void))

    def get_fields(self, request: HttpRequest, obj: VoucherBatch | None = None) -> Any:
        if obj is None:
            return WISH
        return [*WISH, "redeemed", "given_out", "left", "made_by", "created_at", *_STOPPED]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return admin.ModelAdmin.has_add_permission(self, request)

    def save_model(self, request: HttpRequest, obj: VoucherBatch, form: Any, change: bool) -> None:
        obj.made_by = str(request.user)
        request.codes = services.make_batch(obj)  # type: ignore[attr-defined]  # for response_add

    def response_add(self, request: HttpRequest, obj: VoucherBatch, post_url_continue: str | None = None) -> Any:
        """The file of codes, which nobody can read again."""
        return _file(obj, request.codes)  # type: ignore[attr-defined]

    @admin.action(description="Stop, for the reason in the note", permissions=["work"])
    def stop(self, request: HttpRequest, queryset: QuerySet[VoucherBatch]) -> None:
        if note := self.note(request):
            stopped = [each for each in queryset if services.stop_batch(each.pk, note, str(request.user))]
            for batch in stopped:
                self.log_change(request, batch, f"stopped: {note}")
            self.message_user(request, f"Stopped: {len(stopped)}.", messages.SUCCESS)

    @admin.display(description="value of each", ordering="value_cents")
    def value(self, batch: VoucherBatch) -> str:
        return dollars(batch.value_cents)

    @admin.display(description="cap")
    def total_cap(self, batch: VoucherBatch) -> str:
        return "none" if batch.total_cap_cents is None else dollars(batch.total_cap_cents)

    @admin.display(description="redeemed", ordering="used")
    def redeemed(self, batch: VoucherBatch) -> int:
        return int(batch.used)  # type: ignore[attr-defined]

    @admin.display(description="given out")
    def given_out(self, batch: VoucherBatch) -> str:
        return dollars(self.redeemed(batch) * batch.value_cents)

    @admin.display(description="left")
    def left(self, batch: VoucherBatch) -> int:
        """Codes that nobody has redeemed and that are not void."""
        return batch.size - self.redeemed(batch) - int(batch.void)  # type: ignore[attr-defined]


_STOPPED = ["stopped_at", "stopped_by", "stop_reason"]


def _count(vouchers: QuerySet[Voucher, Any]) -> Coalesce:
    counted = vouchers.annotate(counted=Count("pk")).values("counted")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _file(batch: VoucherBatch, codes: list[str]) -> HttpResponse:
    name = f"vouchers-{batch.pk}.csv"
    response = HttpResponse(
        content_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
    rows = csv.writer(response)
    rows.writerow(["code", "value in US dollars", "expires"])
    expires = batch.expires_at.isoformat() if batch.expires_at else ""
    rows.writerows([code, f"{batch.value_cents / 100:.2f}", expires] for code in codes)
    add_never_cache_headers(response)
    return response


@admin.register(Voucher)
class VoucherAdmin(DeskAdmin):
    """Who redeemed what, and when. Codes are known by their last four characters."""

    list_display = ["__str__", "batch", "value", "redeemed_by", "redeemed_at", "void_at", "void_reason"]
    list_filter = [("redeemed_at", admin.EmptyFieldListFilter), ("void_at", admin.EmptyFieldListFilter)]
    list_select_related = ["batch", "redeemed_by"]
    search_fields = ["=last4", "=redeemed_by__email", "=batch__name"]
    fields = ["last4", "batch", "value", "redeemed_by", "redeemed_at", "void_at", "voided_by", "void_reason"]
    actions = ["void"]

    @admin.display(description="value", ordering="batch__value_cents")
    def value(self, voucher: Voucher) -> str:
        return dollars(voucher.batch.value_cents)

    @admin.action(description="Void, for the reason in the note", permissions=["work"])
    def void(self, request: HttpRequest, queryset: QuerySet[Voucher]) -> None:
        if note := self.note(request):
            voided = [each for each in queryset if services.void_voucher(each.pk, note, str(request.user))]
            for voucher in voided:
                self.log_change(request, voucher, f"voided: {note}")
            self.message_user(request, f"Voided: {len(voided)} of {len(queryset)}.", messages.SUCCESS)
