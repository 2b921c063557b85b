"""The least that a Django view can do: every figure is told as a share of this one's.

DJANGO_SETTINGS_MODULE=bench.yardsticks.constant, application bench.yardsticks.constant:application.
"""

from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import re_path

SECRET_KEY = "bench"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = __name__
MIDDLEWARE: list[str] = []
USE_TZ = True
# As many bytes as an order with one SMS has.
REPLY = b'{"ok":true,"data":"' + b"x" * 430 + b'"}'


def constant(request: HttpRequest) -> HttpResponse:
    return HttpResponse(REPLY, content_type="application/json")


urlpatterns = [re_path("", constant)]
application = get_wsgi_application()
