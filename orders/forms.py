import re

from django import forms

from orders.once import Wish

PICK = re.compile(r"([0-9]{1,9})-([0-9]{1,9})")


class BuyForm(forms.Form):
    """One button for each country. pick: the country's id and the price that the page showed, "7-39"."""

    nonce = forms.RegexField(r"^[0-9a-f]{32}$")
    service = forms.CharField(max_length=80)
    pick = forms.RegexField(PICK)

    def wish(self) -> Wish:
        country, price = self.cleaned_data["pick"].split("-")
        return Wish(self.cleaned_data["nonce"], self.cleaned_data["service"], int(country), int(price))
