from accounts.topups.gateways.base import Gateway, Reading, Stage, Started, Wish

# Without 0, 1, I, L, O, U: it is copied from a screen into a bank's form.
READABLE = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 10


class BankGateway(Gateway):
    """A transfer to the shop's bank account. Nobody tells us of it but the customer, and ops who see it arrive."""

    def start(self, wish: Wish) -> Started:
        """The reference that the customer writes on the transfer, made from the top-up's random part."""
        number = int(wish.top_up_id[9:], 36)
        letters = ""
        for _ in range(LENGTH):
            number, digit = divmod(number, len(READABLE))
            letters += READABLE[digit]
        return Started(ref=f"TU-{letters[:5]}-{letters[5:]}")

    def read(self, ref: str) -> Reading:
        return Reading(Stage.OPEN)
