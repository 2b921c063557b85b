"""Vouchers are made, redeemed, voided and stopped here. Locks: the account, the batch, the voucher, the wallet last."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models.functions import Now

from accounts.selectors import lock_active_user
from accounts.vouchers import codes
from accounts.vouchers.errors import BatchSpent, CapReached, ExpiredCode, StoppedCode, UnknownCode, UsedCode
from accounts.vouchers.models import Voucher, VoucherBatch
from accounts.wallet import services as wallet
from accounts.wallet.models import Wallet

ROWS_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Redeemed:
    """US cents: what the voucher was worth, and what the wallet holds now."""

    value_cents: int
    balance_cents: int


@transaction.atomic
def make_batch(batch: VoucherBatch) -> list[str]:
    """Save a new batch with its vouchers. The codes, as they are printed, are told this once."""
    batch.save(force_insert=True)
    fresh = [codes.new_code() for _ in range(batch.size)]
    vouchers = [Voucher(batch=batch, digest=codes.digest(code), last4=code[-4:]) for code in fresh]
    Voucher.objects.bulk_create(vouchers, batch_size=ROWS_AT_ONCE)
    return [codes.grouped(code) for code in fresh]


@transaction.atomic
def redeem(user_id: str, typed: str) -> Redeemed:
    """Credit the voucher with this code, once; the same account is told the same again.

    Raises UnknownCode, UsedCode, ExpiredCode, StoppedCode, CapReached, BatchSpent or Forbidden; then nothing moved.
    """
    lock_active_user(user_id)
    digest = codes.digest(codes.read(typed))
    # Under the batch's lock its caps are counted, and nobody stops it between.
    batch = VoucherBatch.objects.select_for_update(of=("self",), no_key=True).filter(vouchers__digest=digest).first()
    if batch is None:
        raise UnknownCode
    voucher = batch.vouchers.get(digest=digest)
    if voucher.redeemed_by_id != user_id:
        _require_open(batch, voucher, user_id)
        _take(voucher, user_id)
        wallet.redeem(user_id, batch.value_cents, str(voucher.pk))
    return Redeemed(batch.value_cents, Wallet.objects.get(pk=user_id).balance_cents)


def _require_open(batch: VoucherBatch, voucher: Voucher, user_id: str) -> None:
    if voucher.redeemed_by_id:
        raise UsedCode
    if voucher.void_at or batch.stopped_at:
        raise StoppedCode
    if VoucherBatch.objects.filter(pk=batch.pk, expires_at__lte=Now()).exists():
        raise ExpiredCode
    if batch.vouchers.filter(redeemed_by=user_id).count() >= batch.per_account:
        raise CapReached
    if batch.total_cap_cents is not None:
        redeemed = batch.vouchers.filter(redeemed_by__isnull=False).count()
        if (redeemed + 1) * batch.value_cents > batch.total_cap_cents:
            raise BatchSpent


def _take(voucher: Voucher, user_id: str) -> None:
    """The last word on who has it: voiding takes no lock of the batch."""
    free = Voucher.objects.filter(pk=voucher.pk, redeemed_by=None, void_at=None)
    if not free.update(redeemed_by=user_id, redeemed_at=Now()):
        raise StoppedCode


def stop_batch(batch_id: int, reason: str, actor: str) -> bool:
    """None of its vouchers is taken from now on; False where it was stopped before."""
    open_batch = VoucherBatch.objects.filter(pk=batch_id, stopped_at=None)
    return bool(open_batch.update(stopped_at=Now(), stopped_by=actor, stop_reason=reason))


def void_voucher(voucher_id: int, reason: str, actor: str) -> bool:
    """False where it was redeemed or voided before."""
    free = Voucher.objects.filter(pk=voucher_id, redeemed_by=None, void_at=None)
    return bool(free.update(void_at=Now(), voided_by=actor, void_reason=reason))
