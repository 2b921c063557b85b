from django.urls import path

from accounts.api import views

urlpatterns = [path("account", views.Account.as_view())]
