from django.apps import AppConfig


class TopupsConfig(AppConfig):
    name = "accounts.topups"
    label = "topups"
    verbose_name = "Payments"

    def ready(self) -> None:
        from accounts.topups import checks  # noqa: F401
