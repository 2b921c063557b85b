from urllib.parse import urljoin

from django import template
from django.conf import settings
from django.templatetags.static import static

from jiema.site import contact

register = template.Library()


@register.simple_tag
def contact_address() -> str:
    return contact.address()


@register.simple_tag
def contact_url() -> str:
    return contact.url()


@register.simple_tag
def static_address(path: str) -> str:
    """Absolute, for who reads a page elsewhere."""
    return urljoin(str(settings.SITE_URL), static(path))
