from django.urls import path

from orders.webhooks import views

urlpatterns = [
    path("account/webhooks", views.endpoint_list, name="webhooks"),
    path("account/webhooks/deliveries/<id:delivery_id>", views.delivery, name="delivery"),
    path("account/webhooks/deliveries/<id:delivery_id>/again", views.send_again, name="delivery_again"),
    path("account/webhooks/<id:endpoint_id>", views.endpoint, name="webhook"),
    path("account/webhooks/<id:endpoint_id>/edit", views.edit, name="webhook_edit"),
    path("account/webhooks/<id:endpoint_id>/secret", views.replace_secret, name="webhook_secret"),
    path("account/webhooks/<id:endpoint_id>/old-secret", views.drop_old_secret, name="webhook_old_secret"),
    path("account/webhooks/<id:endpoint_id>/off", views.disable, name="webhook_off"),
    path("account/webhooks/<id:endpoint_id>/on", views.enable, name="webhook_on"),
    path("account/webhooks/<id:endpoint_id>/test", views.send_test, name="webhook_test"),
    path("account/webhooks/<id:endpoint_id>/delete", views.delete, name="webhook_delete"),
]
