from django.urls import path

from accounts.keys import views

urlpatterns = [
    path("account/api-keys", views.api_keys, name="api_keys"),
    path("account/api-keys/<int:key_id>", views.edit_key, name="edit_key"),
    path("account/api-keys/<int:key_id>/rotate", views.rotate_key, name="rotate_key"),
    path("account/api-keys/<int:key_id>/stop", views.stop_former_token, name="stop_former_token"),
    path("account/api-keys/<int:key_id>/revoke", views.revoke_key, name="revoke_key"),
]
