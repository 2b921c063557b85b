from django.apps import AppConfig


class JiemaConfig(AppConfig):
    name = "jiema"
