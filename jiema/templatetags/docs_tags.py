from typing import Any

from django import template

from jiema.docs.samples import example, samples

register = template.Library()


@register.inclusion_tag("docs/_samples.html", name="samples")
def show_samples(name: str) -> dict[str, Any]:
    """The same program in every language, one tab for each."""
    return {"name": name, "samples": samples(name)}


@register.inclusion_tag("docs/_reply.html", name="reply")
def show_reply(name: str) -> dict[str, Any]:
    """An example of a reply's body."""
    return {"name": name, "text": example(name)}
