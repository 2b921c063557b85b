"""Django's settings for `manage.py up` alone: it runs before there is what the real ones ask for."""

INSTALLED_APPS = ["jiema"]
