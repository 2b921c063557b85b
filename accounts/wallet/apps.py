from django.apps import AppConfig


class WalletConfig(AppConfig):
    name = "accounts.wallet"
    label = "wallet"
