from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from orders.webhooks.addresses import URL_LENGTH, BadUrl, parse
from orders.webhooks.models import Event


class EndpointForm(forms.Form):
    url = forms.CharField(
        label=_("Address"),
        max_length=URL_LENGTH,
        help_text=_("A public https address of your server, such as https://example.com/webhooks"),
        widget=forms.URLInput(attrs={"autocomplete": "off", "inputmode": "url", "spellcheck": "false"}),
    )
    description = forms.CharField(
        label=_("Description"),
        max_length=100,
        required=False,
        help_text=_("For you alone, such as “test server”."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    events = forms.MultipleChoiceField(
        label=_("Events"),
        choices=Event.choices,
        initial=list(Event),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one event.")},
    )

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"])
        try:
            parse(url, is_laptop=settings.DEBUG)
        except BadUrl as error:
            raise forms.ValidationError(str(error.words)) from error
        return url
