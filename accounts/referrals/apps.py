from django.apps import AppConfig


class ReferralsConfig(AppConfig):
    name = "accounts.referrals"
    label = "referrals"
