from django.apps import AppConfig


class TopupsConfig(AppConfig):
    name = "accounts.topups"
    label = "topups"
