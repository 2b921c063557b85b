from django.urls import path

from jiema.docs import views

urlpatterns = [
    path("docs", views.page, name="docs"),
    path("docs/<slug:slug>", views.page, name="docs_page"),
]
