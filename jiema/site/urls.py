from django.urls import path

from jiema.site import views
from jiema.status import views as status

urlpatterns = [
    path("terms", views.terms, name="terms"),
    path("status", status.page, name="status"),
    path("status.json", status.as_json, name="status_json"),
]
