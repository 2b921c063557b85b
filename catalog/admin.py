from typing import Any

from celery import current_app
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from kombu.exceptions import OperationalError

from catalog.models import BalanceReading, Country, Offer, Price, PriceRule, Provider, Service
from catalog.services.pricing import catalogue_change
from catalog.services.providers import resume_provider
from jiema.money import dollars
from jiema.readonly_admin import DeskAdmin, ReadOnlyAdmin


class PricedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What is changed here makes prices; they follow in the same transaction."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        with catalogue_change():
            super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with catalogue_change():
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        with catalogue_change():
            super().delete_queryset(request, queryset)


@admin.action(description="Put on sale", permissions=["change"])
def enable(model_admin: PricedAdmin, request: HttpRequest, queryset: QuerySet[Any]) -> None:
    _switch(model_admin, request, queryset, on=True)


@admin.action(description="Take off sale", permissions=["change"])
def disable(model_admin: PricedAdmin, request: HttpRequest, queryset: QuerySet[Any]) -> None:
    _switch(model_admin, request, queryset, on=False)


def _switch(model_admin: PricedAdmin, request: HttpRequest, queryset: QuerySet[Any], *, on: bool) -> None:
    """All in one statement, and the price list once."""
    with catalogue_change():
        changed = queryset.update(is_enabled=on)
    model_admin.message_user(request, f"{changed} {'on' if on else 'off'} sale now.")


class SwitchAdmin(PricedAdmin):
    """Rows come from the providers; ops only switch them."""

    actions = [enable, disable]
    list_editable = ["is_enabled"]
    list_filter = ["is_enabled"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [field.name for field in self.opts.fields if field.name != "is_enabled"]


@admin.register(Country)
class CountryAdmin(SwitchAdmin):
    list_display = ["id", "name", "slug", "is_enabled"]
    search_fields = ["name", "slug"]
    ordering = ["name"]


@admin.register(Service)
class ServiceAdmin(SwitchAdmin):
    list_display = ["code", "name", "slug", "is_enabled"]
    search_fields = ["name", "=code", "slug"]
    ordering = ["position", "code"]


@admin.register(Offer)
class OfferAdmin(SwitchAdmin):
    list_display = ["id", "service", "country", "provider", "cost", "count", "is_enabled"]
    list_select_related = ["service", "country", "provider"]
    list_filter = ["is_enabled", "provider"]
    search_fields = ["=service__code", "service__name", "country__name"]
    ordering = ["service", "country"]


class ProviderForm(forms.ModelForm):  # type: ignore[type-arg]
    """The provider's key can be written, never read back."""

    api_key = forms.CharField(
        required=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Left empty, the key stays as it is.",
    )

    def clean_api_key(self) -> str:
        key = str(self.cleaned_data["api_key"]) or self.instance.api_key
        if not key:
            raise forms.ValidationError("A new provider needs its key.")
        return key


@admin.register(Provider)
class ProviderAdmin(PricedAdmin):
    form = ProviderForm
    list_display = ["name", "dialect", "is_enabled", "pause_reason", "balance", "balance_at", "synced_at", "sync_error"]
    readonly_fields = [
        *["push_address", "paused_at", "pause_reason", "balance", "balance_at"],
        *["synced_at", "sync_error"],
    ]
    actions = [enable, disable, "sync_now", "resume"]

    @admin.display(description="push address")
    def push_address(self, provider: Provider) -> str:
        """Where the provider is to push SMS: set it in its profile, and tell nobody else."""
        return f"{settings.SITE_URL}/api/push/{provider.push_secret}" if provider.pk else "told once it is saved"

    @admin.action(description="Read the catalogue now", permissions=["change"])
    def sync_now(self, request: HttpRequest, queryset: QuerySet[Provider]) -> None:
        try:
            for provider in queryset:
                current_app.send_task("catalog.sync_provider", [provider.pk])
        except OperationalError:
            self.message_user(request, "The workers can't be reached; nothing was started.", messages.ERROR)
        else:
            self.message_user(request, "The catalogue is being read; `synced at` tells when it is done.")

    @admin.action(description="Buy there again", permissions=["change"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Provider]) -> None:
        resumed = sum(resume_provider(provider.pk) for provider in queryset)
        self.message_user(request, f"{resumed} providers are no longer paused.")

    def has_delete_permission(self, request: HttpRequest, obj: Provider | None = None) -> bool:
        return False


@admin.register(BalanceReading)
class BalanceReadingAdmin(DeskAdmin):
    """What our accounts held; the books sum up what was spent since the last start."""

    list_display = ["read_at", "provider", "balance", "is_start"]
    list_filter = ["provider", "is_start"]
    list_select_related = ["provider"]
    actions = ["start_anew"]

    @admin.action(description="Start anew: what is missing until here is explained", permissions=["work"])
    def start_anew(self, request: HttpRequest, queryset: QuerySet[BalanceReading]) -> None:
        started = queryset.update(is_start=True)
        self.message_user(request, f"{started} sums start anew.")


@admin.register(PriceRule)
class PriceRuleAdmin(PricedAdmin):
    list_display = ["id", "service", "country", "percent", "fixed_cents", "allow_below_cost", "note", "changed_at"]
    list_select_related = ["service", "country"]
    autocomplete_fields = ["service", "country"]
    search_fields = ["service__name", "country__name", "note"]


@admin.register(Price)
class PriceAdmin(ReadOnlyAdmin):
    """The price list in force."""

    list_display = ["id", "service", "country", "provider", "cost", "price", "count", "rule_id"]
    list_select_related = ["service", "country", "provider"]
    list_filter = ["provider"]
    search_fields = ["=service__code", "service__name", "country__name"]
    ordering = ["service", "country"]
    show_full_result_count = False

    @admin.display(description="price")
    def price(self, price: Price) -> str:
        return dollars(price.price_cents)
