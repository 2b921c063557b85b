"""What each field and parameter of the API means; names and types come from the OpenAPI description."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = dict[str, str | Promise]

_PAGE_ITEMS: Words = {"items": _("The list.")}

FIELDS: dict[str, Words] = {
    "AccountObject": {
        "id": _("The account's id."),
        "balanceCents": _("The balance in US cents, as a whole number in a string."),
        "referralCode": _("The code of the account's invitation link, six characters."),
        "displayName": _("The name that the customer chose; it may be empty."),
        "lang": _("The customer's language: en, id, ms or zh."),
    },
    "ServiceList": _PAGE_ITEMS,
    "ServiceObject": {
        "code": _("The service's short code, as used by orders and prices."),
        "slug": _("Its readable name for addresses; it is accepted wherever the code is."),
        "name": _("Its name for people."),
        "minCostUsd": _("The lowest price among its countries, in US dollars."),
        "totalCount": _("How many numbers are in stock in all countries together."),
        "countryCount": _("How many countries have it in stock."),
    },
    "CountryList": _PAGE_ITEMS,
    "CountryObject": {
        "id": _("The country's number here; orders take it."),
        "slug": _("Its readable name for addresses; orders take it too."),
        "name": _("Its name in English."),
    },
    "PriceList": {
        "service": _("The service's code, also where you asked by slug."),
        "items": _("The countries, cheapest first."),
    },
    "PriceObject": {
        "countryId": _("The country's id."),
        "countrySlug": _("The country's slug."),
        "priceCents": _("What you would be charged now, in US cents, as a string."),
        "count": _("How many numbers are in stock."),
        "odds24h": _(
            "What became of the numbers bought in the last 24 hours, counted from 20 minutes after their purchase on;"
            " null: not tested yet."
        ),
        "odds7d": _("The same of the last 7 days; null: not tested yet."),
        "expectedCents": _(
            "What one code that arrives is likely to cost, in US cents: to compare countries by, never charged."
        ),
    },
    "OddsObject": {
        "bought": _("How many numbers the customers of this shop bought; never under 5."),
        "arrived": _("How many of them brought a code."),
        "medianSeconds": _("Half of the codes came within so many seconds; null where none came."),
        "p90Seconds": _("Nine in ten of the codes came within so many seconds; null where none came."),
    },
    "NewOrder": {
        "service": _("Code or slug of the service."),
        "country": _("Id or slug of the country; the id may be a number or a string."),
    },
    "OrderObject": {
        "id": _("The order's id: 25 characters that begin with c."),
        "status": _("WAITING, RECEIVED, COMPLETED, FAILED or CANCELLED."),
        "service": _("The service's code."),
        "country": _("The country's id, as a string."),
        "phone": _("The number with + and country code; null while it is not known whether it was bought."),
        "chargedCents": _("What was taken from the balance, in US cents, as a string."),
        "refundedCents": _("What was given back, in US cents, as a string."),
        "createdAt": _("When the order was made. All times are UTC with milliseconds."),
        "expiresAt": _("Until when the number waits for SMS; null as long as there is no number."),
        "smsBody": _("The text of the newest SMS; null until one has come, and again after next-sms."),
        "smsReceivedAt": _("When that SMS came."),
        "smsHistory": _("All SMS of the order, oldest first."),
        "cancelledAt": _("When it was cancelled; only on cancelled orders."),
        "completedAt": _("When it was completed; only on completed orders."),
    },
    "SmsObject": {
        "body": _("The text of the SMS."),
        "receivedAt": _("When it came."),
    },
    "OrderList": {
        "items": _("The orders, newest first."),
        "nextCursor": _("Send it as cursor to get the next page; null on the last page."),
    },
    "OrderStatus": {
        "id": _("The order's id."),
        "status": _("The order's new status."),
    },
}

PARAMETERS: Words = {
    "service": _("Code or slug of the service. It has to be sent."),
    "order_id": _("The order's id."),
    "status": _("Only orders with this status: WAITING, RECEIVED, COMPLETED, FAILED or CANCELLED."),
    "limit": _("How many orders a page holds, from 1 to 100; 20 without it."),
    "cursor": _("The nextCursor of the page before."),
    "X-Max-Price-Cents": _("The most that you are ready to pay, in US cents. Above it nothing is bought."),
    "Idempotency-Key": _("1 to 255 visible ASCII characters. A repeat with the same key gets the first reply."),
}
