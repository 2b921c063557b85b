from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path, re_path

from jiema import openapi, views
from jiema.api.views import not_found
from jiema.dashboard import dashboard
from jiema.site import errors
from orders.api.pulse import pulse
from orders.api.push import receive

handler400 = errors.bad_request
handler403 = errors.forbidden
handler500 = errors.server_error
# Ops sign in where customers do: the admin's own form asks for no second factor and counts no guesses.
admin.site.login = secure_admin_login(views.admin_home)  # type: ignore[method-assign]

# The patterns are tried in this order: what is polled comes first.
urlpatterns = [
    path("api/v1/", include("orders.api.urls")),
    path("api/v1/", include("accounts.api.urls")),
    path("api/v1/", include("catalog.api.urls")),
    path("api/pulse", pulse, name="pulse"),
    path("healthz", views.healthz),
    path("readyz", views.readyz),
    path("metrics", views.metrics),
    path("dashboard", dashboard, name="dashboard"),
    path("", include("jiema.site.urls")),
    path("language", views.language, name="set_language"),
    path("", include("jiema.docs.urls")),
    path("", include("jiema.leaving.urls")),
    path("", include("accounts.urls")),
    path("", include("accounts.topups.urls")),
    path("", include("accounts.vouchers.urls")),
    path("", include("accounts.referrals.urls")),
    path("", include("orders.urls")),
    path("", include("orders.webhooks.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/openapi.json", openapi.serve),
    path("api/push/<str:secret>", receive),
    re_path("^api/", not_found),
]
