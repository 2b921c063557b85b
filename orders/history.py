"""A customer's orders, filtered."""

import re
from typing import Any

from django import forms
from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Reverse
from django.utils.translation import gettext_lazy as _

from catalog.models import Country, Service
from jiema.api.ids import around
from jiema.periods import PeriodForm
from orders.models import Order, Status
from orders.selectors import orders_of

LEAST_DIGITS = 3
# One probe of the index for each value, however many orders there are: only the index of a customer's orders has the
# order that is walked here, so that none of all customers' orders is taken in its place. It ends beside the customer.
_USED = """
WITH RECURSIVE used AS (
    (SELECT user_id, {column} AS value FROM orders_order WHERE user_id >= %(user)s ORDER BY user_id, {column} LIMIT 1)
    UNION ALL
    SELECT further.* FROM used CROSS JOIN LATERAL (
        SELECT user_id, {column} FROM orders_order
        WHERE (user_id, {column}) > (used.user_id, used.value) ORDER BY user_id, {column} LIMIT 1
    ) AS further
    WHERE used.user_id = %(user)s
)
SELECT value FROM used WHERE user_id = %(user)s
"""


def _used(user_id: str, column: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(_USED.format(column=column), {"user": user_id})
        return [value for (value,) in cursor.fetchall()]


def services_used(user_id: str) -> QuerySet[Service]:
    return Service.objects.filter(pk__in=_used(user_id, "service_id")).order_by("name")


def countries_used(user_id: str) -> QuerySet[Country]:
    return Country.objects.filter(pk__in=_used(user_id, "country_id")).order_by("name")


class HistoryForm(PeriodForm):
    """q: the end of a phone number, as many digits as one has, or the beginning of an order's id."""

    field_order = ("q", "status", "service", "country", "since", "until")
    q = forms.CharField(
        label=_("Number or order"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    status = forms.ChoiceField(label=_("Status"), required=False, choices=[("", _("All")), *Status.choices])
    service = forms.ModelChoiceField(Service.objects.none(), label=_("Service"), required=False, empty_label=_("All"))
    country = forms.ModelChoiceField(Country.objects.none(), label=_("Country"), required=False, empty_label=_("All"))

    def __init__(self, data: Any, user_id: str) -> None:
        super().__init__(data)
        self._user_id = user_id
        self.fields["service"].queryset = services_used(user_id)  # type: ignore[attr-defined]
        self.fields["country"].queryset = countries_used(user_id)  # type: ignore[attr-defined]

    def clean_q(self) -> str:
        words: str = self.cleaned_data["q"].strip().lower()
        if words and not _is_order(words) and len(_digits(words)) < LEAST_DIGITS:
            raise forms.ValidationError(_("Type at least three digits of the number, or the order’s id."))
        return words

    @property
    def is_filtered(self) -> bool:
        return any(self.cleaned_data.values())

    def orders(self) -> QuerySet[Order]:
        """Newest first. What is not valid is told by the form, and not filtered by."""
        wish = self.cleaned_data
        exact = {name: wish[name] for name in ("status", "service", "country") if wish.get(name)}
        found = _within(orders_of(self._user_id).filter(**exact), *self.bounds())
        return _called(found, wish["q"]) if wish.get("q") else found


def _is_order(words: str) -> bool:
    return re.fullmatch(r"c[a-z0-9]{5,24}", words) is not None


def _digits(words: str) -> str:
    """As at the end of the number in E.164: without the zero that is dialled at home."""
    return re.sub(r"\D", "", words, flags=re.ASCII).lstrip("0")


def _called(orders: QuerySet[Order], words: str) -> QuerySet[Order]:
    if _is_order(words):
        return orders.filter(pk__startswith=words)
    return orders.annotate(backwards=Reverse("phone")).filter(backwards__startswith=_digits(words)[::-1])


def _within(orders: QuerySet[Order], since: Any, until: Any) -> QuerySet[Order]:
    """The ids, which sort by time, keep the walk down the index short; the time itself decides."""
    if since:
        orders = orders.filter(created_at__gte=since, pk__gte=around(since)[0])
    if until:
        orders = orders.filter(created_at__lt=until, pk__lt=around(until)[1])
    return orders
