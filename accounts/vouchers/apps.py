from django.apps import AppConfig


class VouchersConfig(AppConfig):
    name = "accounts.vouchers"
    label = "vouchers"
