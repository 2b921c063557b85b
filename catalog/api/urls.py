from django.urls import path

from catalog.api import views

urlpatterns = [
    path("services", views.Services.as_view()),
    path("countries", views.Countries.as_view()),
    path("prices", views.Prices.as_view()),
]
