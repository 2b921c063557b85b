from typing import Any

from celery import current_app
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from kombu.exceptions import OperationalError

from catalog.models import Country, Offer, Price, PriceRule, Provider, Service
from catalog.services.pricing import catalogue_change


class CatalogueAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Whatever is changed here shows in the price list at once."""

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        with catalogue_change():
            super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        with catalogue_change():
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> None:
        with catalogue_change():
            super().delete_queryset(request, queryset)


class SwitchAdmin(CatalogueAdmin):
    """Rows that come from providers: ops switch them off and on again."""

    actions = ["enable", "disable"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @admin.action(description="Put on sale", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._switch(request, queryset, on=True)

    @admin.action(description="Take off sale", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._switch(request, queryset, on=False)

    def _switch(self, request: HttpRequest, queryset: QuerySet[Any], *, on: bool) -> None:
        with catalogue_change():
            changed = queryset.update(is_enabled=on)
        self.message_user(request, f"{changed} {'on sale' if on else 'off sale'} now.")


class ProviderForm(forms.ModelForm):  # type: ignore[type-arg]
    """The key can be set, not read."""

    api_key = forms.CharField(
        max_length=200,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Never shown. Leave it empty to keep the one that is stored.",
    )

    def clean_api_key(self) -> str:
        key = str(self.cleaned_data["api_key"] or self.instance.api_key)
        if not key:
            raise ValidationError("A provider needs a key.")
        return key


@admin.register(Provider)
class ProviderAdmin(SwitchAdmin):
    form = ProviderForm
    list_display = ["name", "dialect", "base_url", "is_enabled", "synced_at", "sync_error"]
    readonly_fields = ["synced_at", "sync_error"]
    actions = ["enable", "disable", "sync_now"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return admin.ModelAdmin.has_add_permission(self, request)

    @admin.action(description="Read the catalogue now", permissions=["change"])
    def sync_now(self, request: HttpRequest, queryset: QuerySet[Provider]) -> None:
        try:
            for provider in queryset:
                current_app.send_task("catalog.sync_provider", [provider.pk])
        except OperationalError:
            self.message_user(request, "The workers can't be reached; nothing was started.", messages.ERROR)
        else:
            self.message_user(request, "The catalogue is being read; see `synced at` in a few seconds.")


@admin.register(Country)
class CountryAdmin(SwitchAdmin):
    list_display = ["name", "id", "slug", "iso2", "is_enabled"]
    list_filter = ["is_enabled"]
    search_fields = ["name", "slug", "=id"]
    readonly_fields = ["id", "slug", "iso2"]
    ordering = ["name"]


@admin.register(Service)
class ServiceAdmin(SwitchAdmin):
    list_display = ["name", "code", "slug", "position", "is_enabled"]
    list_filter = ["is_enabled"]
    search_fields = ["name", "slug", "=code"]
    readonly_fields = ["code", "slug"]
    ordering = ["position", "code"]


@admin.register(Offer)
class OfferAdmin(SwitchAdmin):
    list_display = ["service", "country", "provider", "cost", "count", "is_enabled"]
    list_filter = ["provider", "is_enabled"]
    list_select_related = ["service", "country", "provider"]
    search_fields = ["=service__code", "service__name", "country__name"]
    readonly_fields = ["provider", "service", "country", "cost", "count"]
    show_full_result_count = False


@admin.register(PriceRule)
class PriceRuleAdmin(CatalogueAdmin):
    list_display = ["__str__", "percent", "fixed_cents", "allow_below_cost", "note", "changed_at"]
    list_select_related = ["service", "country"]
    autocomplete_fields = ["service", "country"]
    ordering = ["service", "country"]


@admin.register(Price)
class PriceAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The list in force; it is made from offers and rules."""

    list_display = ["service", "country", "price_cents", "cost", "count", "provider", "rule"]
    list_filter = ["provider"]
    list_select_related = ["service", "country", "provider", "rule"]
    search_fields = ["=service__code", "service__name", "country__name"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Price | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Price | None = None) -> bool:
        return False
