from django.apps import AppConfig


class TypicalConfig(AppConfig):
    name = "bench.yardsticks.typical"
    label = "typical"
