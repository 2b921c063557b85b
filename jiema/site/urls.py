from django.urls import path

from jiema.site import views

urlpatterns = [
    path("terms", views.terms, name="terms"),
]
