from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.wallet import services
from accounts.wallet.models import Debt, Entry, Wallet
from jiema.money import dollars
from jiema.readonly_admin import DeskAdmin, ReadOnlyAdmin


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    """The ledger. A correction is an adjustment, made from the account's page."""

    list_display = ["created_at", "wallet_id", "kind", "amount", "after", "counter_account", "reference", "actor"]
    list_filter = ["kind", "counter_account"]
    search_fields = ["=reference", "=wallet__user__email", "=wallet__user__id"]
    ordering = ["-id"]
    show_full_result_count = False

    @admin.display(description="amount")
    def amount(self, entry: Entry) -> str:
        return dollars(entry.amount_cents)

    @admin.display(description="balance after")
    def after(self, entry: Entry) -> str:
        return dollars(entry.balance_after)


@admin.register(Debt)
class DebtAdmin(DeskAdmin):
    """Payments taken back that were spent already. Who owes buys nothing, until it is paid in or forgiven."""

    actions = ["forgive"]
    list_display = ["created_at", "wallet_id", "owed", "repaid", "reference"]
    search_fields = ["=reference", "=wallet__user__email", "=wallet__user__id"]

    @admin.display(description="owed")
    def owed(self, debt: Debt) -> str:
        return dollars(debt.amount_cents)

    def has_work_permission(self, request: HttpRequest) -> bool:
        """It is money given away, as an adjustment is."""
        return request.user.has_perm("wallet.add_entry")

    @admin.action(description="Forgive all that these customers owe, with the note", permissions=["work"])
    def forgive(self, request: HttpRequest, queryset: QuerySet[Debt]) -> None:
        note = self.note(request)
        if not note:
            return
        for debt in queryset.order_by("wallet_id", "pk").distinct("wallet_id"):
            cents = services.forgive(debt.wallet_id, reason=note, actor=request.user.get_username())
            self.log_change(request, debt, f"forgiven {dollars(cents)}: {note}")
            self.message_user(request, f"Customer {debt.wallet_id}: {dollars(cents)} are forgiven.")

    @admin.display(description="repaid")
    def repaid(self, debt: Debt) -> str:
        return dollars(debt.repaid_cents)


@admin.register(Wallet)
class WalletAdmin(ReadOnlyAdmin):
    list_display = ["user", "balance"]
    list_select_related = ["user"]
    search_fields = ["=user__email", "=user__id"]
    ordering = ["-user_id"]
    show_full_result_count = False

    @admin.display(description="balance", ordering="balance_cents")
    def balance(self, wallet: Wallet) -> str:
        return dollars(wallet.balance_cents)
