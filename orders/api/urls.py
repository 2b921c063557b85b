from django.urls import path

from orders.api import views

urlpatterns = [
    path("orders", views.Orders.as_view()),
    path("orders/<str:order_id>", views.OrderDetail.as_view()),
    path("orders/<str:order_id>/cancel", views.OrderCancel.as_view()),
    path("orders/<str:order_id>/next-sms", views.OrderNextSms.as_view()),
]
