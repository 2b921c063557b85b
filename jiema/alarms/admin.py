from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from jiema.alarms.kinds import KINDS
from jiema.alarms.models import Alarm
from jiema.alarms.services import clear_by_hand
from jiema.readonly_admin import DeskAdmin


class OpenFilter(admin.SimpleListFilter):
    """The desk opens with what is open."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("all", "All"), ("cleared", "Cleared")]

    def choices(self, changelist: Any) -> Any:
        everything, *others = super().choices(changelist)
        return [{**everything, "display": "Open"}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alarm]) -> QuerySet[Alarm]:
        if self.value() == "all":
            return queryset
        return queryset.filter(cleared_at__isnull=self.value() != "cleared")


@admin.register(Alarm)
class AlarmAdmin(DeskAdmin):
    list_display = ["raised_at", "code", "subject", "means", "told", "times", "last_raised_at", "cleared_by", "note"]
    list_filter = [OpenFilter, "code"]
    search_fields = ["=code", "subject"]
    ordering = ["-last_raised_at"]
    actions = ["clear"]

    @admin.display(description="means")
    def means(self, alarm: Alarm) -> str:
        return KINDS[alarm.code].means if alarm.code in KINDS else ""

    @admin.display(description="detail")
    def told(self, alarm: Alarm) -> str:
        return format_html("{}", ", ".join(f"{name} {value}" for name, value in alarm.detail.items()))

    @admin.action(description="Dealt with", permissions=["work"])
    def clear(self, request: HttpRequest, queryset: QuerySet[Alarm]) -> None:
        note = self.note(request)
        if note:
            cleared = clear_by_hand([*queryset.values_list("pk", flat=True)], request.user.get_username(), note)
            self.message_user(request, f"{cleared} alarms are dealt with.")
