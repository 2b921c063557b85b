from django.db.models import QuerySet
from rest_framework.generics import RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from bench.yardsticks.typical.models import Order
from bench.yardsticks.typical.serializers import OrderSerializer


class OrderDetail(RetrieveAPIView):
    serializer_class = OrderSerializer

    def get_queryset(self) -> QuerySet[Order]:
        return Order.objects.filter(user=self.request.user).prefetch_related("sms")

    def retrieve(self, request: Request, *args: object, **kwargs: object) -> Response:
        return Response({"ok": True, "data": self.get_serializer(self.get_object()).data})
