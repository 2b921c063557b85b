"""How customers reach whoever runs this shop."""

from django.conf import settings


def address() -> str:
    """What a page shows; empty where the operator has set none."""
    return str(settings.CONTACT)


def url() -> str:
    """What a link leads to: the page, or a mail to the address."""
    told = address()
    return f"mailto:{told}" if "@" in told and "//" not in told else told
