from django.urls import path

from orders import views

urlpatterns = [
    path("buy", views.buy, name="buy"),
    path("orders", views.order_list, name="orders"),
    path("orders/<str:order_id>", views.order, name="order"),
    path("orders/<str:order_id>/live", views.live, name="order_live"),
    path("orders/<str:order_id>/cancel", views.cancel, name="cancel_order"),
    path("orders/<str:order_id>/next-sms", views.next_sms, name="next_sms"),
]
