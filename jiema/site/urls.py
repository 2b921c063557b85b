from django.urls import path

from jiema.site import crawlers, views
from jiema.status import views as status

urlpatterns = [
    path("", views.front, name="front"),
    path("terms", views.terms, name="terms"),
    path("status", status.page, name="status"),
    path("status.json", status.as_json, name="status_json"),
    path("robots.txt", crawlers.robots),
    path("sitemap.xml", crawlers.sitemap),
    path("manifest.webmanifest", crawlers.manifest, name="manifest"),
    path("favicon.ico", crawlers.favicon),
    path(".well-known/security.txt", crawlers.security),
]
