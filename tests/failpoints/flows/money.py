from accounts.models import User
from accounts.topups.models import TopUp, TopUpState
from accounts.wallet import services as wallet
from accounts.wallet.models import Entry
from tests.conftest import make_user
from tests.failpoints.acts import Act, Flow
from tests.failpoints.world import World, balance
from tests.paying import GATEWAY, pay, pay_in, wish

CENTS = 1234
HELD = 100


def top_up(world: World) -> Act:
    started = wish(world.alice, CENTS)

    def pay_it() -> object:
        return pay(started).state

    def kept(told: object) -> None:
        assert TopUp.objects.get(pk=started.pk).state == TopUpState.CREDITED

    return Act(pay_it, pay_it, kept=kept, credit=CENTS)


def adjustment(world: World) -> Act:
    """Ops repeat it under the same reference."""
    reference = f"correction:{world.key()}"

    def adjust() -> object:
        return wallet.adjust(world.alice.pk, -CENTS, reference, reason="charged too little", actor="ops").pk

    def kept(told: object) -> None:
        assert Entry.objects.get(reference=reference).amount_cents == -CENTS

    return Act(adjust, adjust, kept=kept, credit=-CENTS)


def charge_back(world: World) -> Act:
    """The gateway takes a payment back, which the wallet still holds."""
    return taking_back(world.alice, paid_in(world.alice))


def charge_back_of_spent_money(world: World) -> Act:
    """What the wallet holds is taken, and the rest is owed."""
    return taking_back(*spent(world))


def credit_repays_a_debt(world: World) -> Act:
    user, payment = spent(world)
    wallet.charge_back(user.pk, CENTS, GATEWAY, payment)

    def credit() -> object:
        return wallet.adjust(user.pk, CENTS, f"gift:{user.pk}", reason="goodwill", actor="ops").pk

    def kept(told: object) -> None:
        assert (balance(user), list(wallet.open_debts(user.pk))) == (HELD, [])

    return Act(credit, credit, kept=kept)


def taking_back(user: User, top_up_id: str) -> Act:
    before = balance(user)
    owed = max(0, CENTS - before)

    def take_back() -> object:
        wallet.charge_back(user.pk, CENTS, GATEWAY, top_up_id)
        return None

    def kept(told: object) -> None:
        assert balance(user) == before - CENTS + owed
        assert [debt.amount_cents for debt in wallet.open_debts(user.pk)] == ([owed] if owed else [])

    return Act(take_back, take_back, kept=kept)


def paid_in(user: User) -> str:
    """The id of the customer's payment."""
    return pay_in(user, CENTS).pk


def spent(world: World) -> tuple[User, str]:
    """A customer who paid in and has spent nearly all of it, and that payment."""
    user = make_user(f"dora{world.case}")
    payment = paid_in(user)
    wallet.adjust(user.pk, HELD - CENTS, f"spent:{user.pk}", reason="spent", actor="tests")
    return user, payment


FLOWS: tuple[Flow, ...] = (top_up, adjustment, charge_back, charge_back_of_spent_money, credit_repays_a_debt)
