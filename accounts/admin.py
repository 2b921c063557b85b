import secrets
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from accounts import second_factor, selectors, services
from accounts.forms import AdjustmentForm
from accounts.models import ApiKey, User
from accounts.sessions import end_sessions
from accounts.wallet import services as wallet
from accounts.wallet.errors import Insufficient, ReferenceReused
from jiema.money import dollars
from jiema.readonly_admin import ReadOnlyAdmin

# They show what opens an account: keys of sessions, secrets of second factors.
admin.site.unregister([UserSession, Authenticator])


@admin.register(User)
class UserAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Accounts open in the browser or by `create_user`, and never go: their books stay."""

    list_display = ["email", "state", "balance", "is_staff", "date_joined"]
    list_filter = ["state", "is_staff"]
    list_select_related = ["wallet"]
    search_fields = ["email", "=id", "=referral_code"]
    ordering = ["-id"]
    show_full_result_count = False
    fields = [
        *("id", "email", "display_name", "lang", "time_zone", "state", "balance", "referral_code"),
        *("reads_per_minute", "writes_per_minute"),
        *("is_staff", "is_superuser", "groups", "date_joined", "accepted_terms_at", "closed_at", "last_login"),
    ]
    readonly_fields = [
        *("id", "email", "balance", "referral_code"),
        *("date_joined", "accepted_terms_at", "closed_at", "last_login"),
    ]
    filter_horizontal = ["groups"]
    actions = ["adjust_balance", "switch_second_factor_off"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Who is suspended or closed is signed out everywhere, for good."""
        super().save_model(request, obj, form, change)
        if not obj.is_active:
            end_sessions(obj.pk)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Who may do what is for superusers to say; they alone change the accounts of staff."""
        if request.user.is_superuser:
            return self.readonly_fields
        if obj and (obj.is_staff or obj.is_superuser):
            return self.fields
        return [*self.readonly_fields, "is_staff", "is_superuser", "groups"]

    def has_recover_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("mfa.delete_authenticator")

    @admin.action(description="Switch the second factor off", permissions=["recover"])
    def switch_second_factor_off(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """For who has lost it and has shown who they are. Of staff only superusers may."""
        for user in queryset:
            if (user.is_staff or user.is_superuser) and not request.user.is_superuser:
                self.message_user(request, f"{user.email}: staff are for superusers to change.", messages.ERROR)
            elif second_factor.switch_off(user):
                self.log_change(request, user, "The second factor was switched off.")
                self.message_user(request, f"{user.email}: the second factor is off; all sessions are ended.")
            else:
                self.message_user(request, f"{user.email}: there is no second factor.", messages.WARNING)

    @admin.display(description="balance", ordering="wallet__balance_cents")
    def balance(self, user: User) -> str:
        return dollars(user.wallet.balance_cents) if hasattr(user, "wallet") else "no wallet"

    def has_adjust_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("wallet.add_entry")

    @admin.action(description="Adjust the balance", permissions=["adjust"])
    def adjust_balance(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        """First asks for amount and reason; the customer sees the reason on the statement."""
        is_answer = "amount" in request.POST
        form = AdjustmentForm(request.POST if is_answer else None, initial={"token": secrets.token_hex(16)})
        if form.is_valid():
            self._adjust(request, queryset, form.cleaned_data)
            return None
        shown = {"users": queryset, "form": form, "title": "Adjust the balance", "opts": self.opts}
        context = self.admin_site.each_context(request) | shown
        return TemplateResponse(request, "admin/accounts/user/adjust_balance.html", context)

    def _adjust(self, request: HttpRequest, users: QuerySet[User], wish: dict[str, Any]) -> None:
        """Once for each form, however often it is sent."""
        for user in users:
            try:
                self._adjust_one(request, user, wish)
            except Insufficient:
                self.message_user(request, f"{user.email}: the balance is too low; nothing was moved.", messages.ERROR)
            except ReferenceReused:
                self.message_user(request, f"{user.email}: this form moved another amount before.", messages.ERROR)

    @transaction.atomic
    def _adjust_one(self, request: HttpRequest, user: User, wish: dict[str, Any]) -> None:
        reference = f"manual:{wish['token']}:{user.pk}"
        entry = wallet.adjust(user.pk, wish["amount"], reference, reason=wish["reason"], actor=str(request.user))
        moved = f"moved {dollars(entry.amount_cents)}; the balance is {dollars(entry.balance_after)}"
        self.log_change(request, user, f"{moved}: {wish['reason']}")
        self.message_user(request, f"{user.email}: {moved}.")


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    list_display = [
        *("prefix", "name", "user", "scope", "created_at", "last_used_at", "last_used_address"),
        *("expires_at", "revoked_at"),
    ]
    list_filter = ["scope"]
    list_select_related = ["user"]
    search_fields = ["=prefix", "=former_prefix", "=user__email", "=user__id", "=last_used_address"]
    ordering = ["-id"]
    show_full_result_count = False
    fields = [
        *("user", "name", "prefix", "scope", "services", "addresses", "daily_cap"),
        *("created_at", "rotated_at", "former_prefix", "former_until", "expires_at", "revoked_at"),
        *("last_used_at", "last_used_address", "calls"),
    ]
    actions = ["revoke"]

    @admin.display(description="daily cap")
    def daily_cap(self, key: ApiKey) -> str:
        return "none" if key.daily_cap_cents is None else dollars(key.daily_cap_cents)

    @admin.display(description="calls in 24 hours")
    def calls(self, key: ApiKey) -> int:
        return selectors.calls_of(key)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_apikey")

    @admin.action(description="Revoke", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        revoked = sum(services.revoke_api_key(key.user_id, key.pk) for key in queryset)
        self.message_user(request, f"Revoked: {revoked}.")
