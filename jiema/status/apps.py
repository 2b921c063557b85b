from django.apps import AppConfig


class StatusConfig(AppConfig):
    name = "jiema.status"
    label = "status"
