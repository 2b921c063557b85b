from django.urls import path

from bench.yardsticks.typical.views import OrderDetail

urlpatterns = [path("api/v1/orders/<str:pk>", OrderDetail.as_view())]
