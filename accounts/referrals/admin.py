from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.referrals import services
from accounts.referrals.models import Earning, Invitation, ReferralTerms
from jiema.money import dollars
from jiema.readonly_admin import DeskAdmin, ReadOnlyAdmin


@admin.register(ReferralTerms)
class ReferralTermsAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """One row; what it says holds for the orders that complete from then on."""

    list_display = ["__str__", "percent", "is_open"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not ReferralTerms.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Invitation)
class InvitationAdmin(DeskAdmin):
    """Who brought whom. Nobody changes it; one that is abused is ended, with a note."""

    list_display = ["invitee", "inviter", "via", "created_at", "ended_at", "ended_by", "end_note"]
    list_filter = ["via", ("ended_at", admin.EmptyFieldListFilter)]
    list_select_related = ["invitee", "inviter"]
    search_fields = ["=invitee__email", "=inviter__email"]
    actions = ["end"]

    @admin.action(description="End: no further earnings", permissions=["work"])
    def end(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        note = self.note(request)
        if note:
            actor = request.user.get_username()
            ended = sum(services.end_invitation(each.pk, actor, note) for each in queryset)
            self.message_user(request, f"{ended} invitations are ended.")


@admin.register(Earning)
class EarningAdmin(ReadOnlyAdmin):
    list_display = ["order_id", "inviter", "invitee", "percent", "share", "taken_back", "created_at", "reversed_at"]
    list_filter = [("reversed_at", admin.EmptyFieldListFilter)]
    list_select_related = ["invitation__inviter", "invitation__invitee"]
    search_fields = ["=order_id", "=invitation__inviter__email", "=invitation__invitee__email"]
    ordering = ["-pk"]
    show_full_result_count = False

    @admin.display(description="inviter")
    def inviter(self, earning: Earning) -> str:
        return earning.invitation.inviter.email

    @admin.display(description="invitee")
    def invitee(self, earning: Earning) -> str:
        return earning.invitation.invitee.email

    @admin.display(description="share", ordering="cents")
    def share(self, earning: Earning) -> str:
        return dollars(earning.cents)

    @admin.display(description="taken back", ordering="reversed_cents")
    def taken_back(self, earning: Earning) -> str:
        return dollars(earning.reversed_cents)
