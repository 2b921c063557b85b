from django.urls import include, path

from accounts import views
from accounts.statement.views import statement, statement_file

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("account", views.account, name="account"),
    path("account/profile", views.profile, name="profile"),
    path("account/statement", statement, name="statement"),
    path("account/statement.csv", statement_file, name="statement_file"),
    path("account/notices", views.notices, name="notices"),
    path("", include("accounts.keys.urls")),
]
