from django.urls import path

from orders import order_views, views

urlpatterns = [
    path("buy", views.buy, name="buy"),
    path("buy/<str:name>", views.counter, name="counter"),
    path("orders", order_views.order_list, name="orders"),
    path("orders/live", order_views.live, name="open_orders_live"),
    path("orders/<id:order_id>", order_views.order, name="order"),
    path("orders/<id:order_id>/live", order_views.live, name="order_live"),
    path("orders/<id:order_id>/cancel", order_views.cancel, name="cancel_order"),
    path("orders/<id:order_id>/next-sms", order_views.next_sms, name="next_sms"),
]
