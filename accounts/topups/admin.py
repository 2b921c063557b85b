from django.contrib import admin

from accounts.topups.models import TopUp
from jiema.money import dollars
from jiema.readonly_admin import ReadOnlyAdmin


@admin.register(TopUp)
class TopUpAdmin(ReadOnlyAdmin):
    list_display = ["id", "user", "gateway", "amount", "state", "created_at", "credited_at"]
    list_filter = ["state", "gateway"]
    list_select_related = ["user"]
    search_fields = ["=id", "=user__email"]
    ordering = ["-id"]
    show_full_result_count = False

    @admin.display(description="amount", ordering="amount_cents")
    def amount(self, top_up: TopUp) -> str:
        return dollars(top_up.amount_cents)
