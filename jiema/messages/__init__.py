"""Texts for customers: found in the code, kept in `locale/<language>/LC_MESSAGES/django.po`, compiled beside it.

All in Python, so that a machine without the programs of GNU gettext does it too. What Django and allauth show of
their own and don't translate into one of our languages is in `accounts/locale`; an entry that is added there by hand
is said in our words instead of theirs.
"""
