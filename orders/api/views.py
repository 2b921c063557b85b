import re
from collections.abc import Callable

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from jiema.api.authentication import Ride
from jiema.api.envelope import JSON_TYPE, success_body, to_json
from jiema.api.errors import BadRequest, NotFound
from jiema.api.ids import ID_PATTERN
from jiema.api.limits import Bucket
from jiema.api.views import ApiView, check
from orders import selectors
from orders.api.idempotency import once
from orders.api.serializers import NewOrder, Nothing, OrderList, OrderObject, OrderStatus, Page
from orders.errors import OutcomeUnknown
from orders.models import IdempotentCall, Status
from orders.services.buying import buy_number
from orders.services.cancelling import cancel_order
from orders.services.next_sms import request_next_sms
from orders.services.syncing import sync_if_stale

Verb = Callable[[str, str, IdempotentCall | None], None]
IS_ID = re.compile(ID_PATTERN)
MAX_PRICE = OpenApiParameter(
    "X-Max-Price-Cents",
    {"type": "integer", "minimum": 0, "maximum": 10**12 - 1},
    OpenApiParameter.HEADER,
    description="Refuse with PRICE_CHANGED where the charge would be higher, US cents.",
)


def _order_reply(order_json: str) -> bytes:
    return success_body(order_json.encode())


class Orders(ApiView):
    """Buy a number; list the account's orders."""

    @property
    def is_write(self) -> bool:  # type: ignore[override]
        return self.request.method == "POST"

    @extend_schema(operation_id="listOrders", parameters=[Page], responses=OrderList)
    def get(self, request: Request) -> HttpResponse:
        wish = check(Page(data=request.query_params.dict()))
        page, cursor = selectors.order_page(self.caller.user_id, wish.get("status"), wish["limit"], wish.get("cursor"))
        body = f'{{"items":[{",".join(page)}],"nextCursor":{to_json(cursor).decode()}}}'
        return HttpResponse(_order_reply(body), content_type=JSON_TYPE)

    @extend_schema(operation_id="createOrder", parameters=[MAX_PRICE], request=NewOrder, responses=OrderObject)
    def post(self, request: Request) -> HttpResponse:
        return once(request, self.caller, self._buy, lambda order: _order_reply(selectors.order_json(order.pk)))

    def _buy(self, call: IdempotentCall | None) -> bytes:
        wish = self.body(NewOrder)
        order_id = buy_number(
            self.caller.user_id,
            wish["service"],
            wish["country"],
            api_key_id=self.caller.key_id,
            max_price_cents=_max_price_cents(self.request),
            call=call,
        )
        return _bought_reply(order_id)


def _bought_reply(order_id: str) -> bytes:
    """A client that is told to try again buys again: so a database lost at this point says whose order it is."""
    try:
        return _order_reply(selectors.order_json(order_id))
    except (OperationalError, InterfaceError) as error:
        raise OutcomeUnknown(order_id=order_id) from error


def _max_price_cents(request: Request) -> int | None:
    value = request.headers.get("X-Max-Price-Cents")
    if value is None:
        return None
    if not re.fullmatch(r"[0-9]{1,12}", value):
        raise BadRequest("X-Max-Price-Cents: a whole number of US cents.")
    return int(value)


class OrderDetail(ApiView):
    """One order. The provider is asked in here, at most every three seconds for each order."""

    def ride(self, **kwargs: str) -> Ride | None:
        order_id = kwargs["order_id"]
        return selectors.ride_for(order_id) if IS_ID.fullmatch(order_id) else None

    def buckets(self) -> list[Bucket]:
        caller = self.caller
        polls = [Bucket(f"polls:{caller.key_id}", settings.API_KEY_POLLS_PER_WINDOW)]
        if self.cargo is not None:
            order_id = self.kwargs["order_id"]
            polls.insert(0, Bucket(f"poll:{order_id}:{caller.key_id}", settings.API_ORDER_POLLS_PER_WINDOW))
        return polls

    @extend_schema(operation_id="getOrder", responses=OrderObject)
    def get(self, request: Request, order_id: str) -> HttpResponse:
        if self.cargo is None:
            raise NotFound("There is no such order.")
        order = self.cargo[1:]
        if self.cargo[0] == "!" and sync_if_stale(order_id):
            order = selectors.order_json(order_id)
        return HttpResponse(_order_reply(order), content_type=JSON_TYPE)


class OrderVerb(ApiView):
    """A POST on one order that answers with its id and new status."""

    is_write = True

    def answer(self, request: Request, order_id: str, verb: Verb, becomes: Status) -> HttpResponse:
        reply = success_body(to_json({"id": order_id, "status": becomes}))

        def work(call: IdempotentCall | None) -> bytes:
            self.body(Nothing)
            if not IS_ID.fullmatch(order_id):
                raise NotFound("There is no such order.")
            verb(self.caller.user_id, order_id, call)
            return reply

        return once(request, self.caller, work, settled=lambda order: reply)


class OrderCancel(OrderVerb):
    """Give the number back for the full refund."""

    @extend_schema(operation_id="cancelOrder", request=Nothing, responses=OrderStatus)
    def post(self, request: Request, order_id: str) -> HttpResponse:
        return self.answer(request, order_id, cancel_order, Status.CANCELLED)


class OrderNextSms(OrderVerb):
    """Keep the number and wait for another SMS, at no charge."""

    @extend_schema(operation_id="nextSms", request=Nothing, responses=OrderStatus)
    def post(self, request: Request, order_id: str) -> HttpResponse:
        return self.answer(request, order_id, request_next_sms, Status.WAITING)
