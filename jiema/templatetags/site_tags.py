from django import template

from jiema.site import contact

register = template.Library()


@register.simple_tag
def contact_address() -> str:
    return contact.address()


@register.simple_tag
def contact_url() -> str:
    return contact.url()
