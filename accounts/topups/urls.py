from django.urls import path

from accounts.topups import views

urlpatterns = [
    path("account/top-up", views.top_up, name="top_up"),
    path("account/top-up/<str:top_up_id>/sandbox", views.sandbox_gateway, name="sandbox_gateway"),
]
