from django.urls import path

from accounts.topups import views, webhooks

urlpatterns = [
    path("account/top-up", views.top_up, name="top_up"),
    path("account/top-up/<str:top_up_id>", views.payment, name="payment"),
    path("account/top-up/<str:top_up_id>/pay", views.pay, name="pay"),
    path("account/top-up/<str:top_up_id>/sent", views.sent, name="payment_sent"),
    path("account/top-up/<str:top_up_id>/receipt", views.receipt, name="receipt"),
    path("webhooks/<str:gateway>", webhooks.receive, name="gateway_webhook"),
]
