from django.urls import path

from jiema.leaving import views

urlpatterns = [
    path("account/export", views.export, name="export"),
    path("account/close", views.close, name="close_account"),
    path("account/closed", views.closed, name="account_closed"),
]
