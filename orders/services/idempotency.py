"""Idempotency keys: the same request twice gives the first answer.

A call is claimed before its work. The work ties its order to the claim in the transaction that moves the
money or the state, so that after a crash the order itself tells what the reply was.
"""

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from jiema.failpoints import failpoint
from orders.errors import IdempotencyMismatch, InProgress
from orders.models import IdempotentCall, Outcome

KEPT_FOR = timedelta(hours=24)
# Longer than any call can take; after it, whoever ran the call is dead.
RUNS_AT_MOST = timedelta(seconds=30)


def start(user_id: str, key: str, fingerprint: bytes) -> IdempotentCall:
    """Claim the key for this call, or find what the first call left.

    The result is ours to run where it has neither reply nor order. fingerprint: SHA-256, 32 bytes.
    Raises IdempotencyMismatch, InProgress.
    """
    forget_old(user_id=user_id, key=key)
    try:
        with transaction.atomic():
            call = IdempotentCall.objects.create(
                user_id=user_id, key=key, fingerprint=fingerprint, running_until=Now() + RUNS_AT_MOST
            )
    except IntegrityError:
        return _resume(user_id, key, fingerprint)
    failpoint("idempotency.claimed")
    return call


def _resume(user_id: str, key: str, fingerprint: bytes) -> IdempotentCall:
    call = IdempotentCall.objects.filter(user_id=user_id, key=key).select_related("order__attempt").first()
    if call is None:
        raise InProgress  # refused and forgotten this very moment
    if bytes(call.fingerprint) != fingerprint:
        raise IdempotencyMismatch
    if call.reply is None and call.order is None:
        return _take_over(call)
    if call.reply is None and _is_running(call):
        raise InProgress
    return call


def _take_over(call: IdempotentCall) -> IdempotentCall:
    """Whoever ran the call is dead, or wakes up to find its claim gone: ours is a new one."""
    dead = IdempotentCall.objects.filter(pk=call.pk, order=None, reply=None, running_until__lte=Now())
    if not dead.delete()[0]:
        raise InProgress
    return start(call.user_id, call.key, bytes(call.fingerprint))


def _is_running(call: IdempotentCall) -> bool:
    """Where it is not, the first call has ended or its runner died, and its order speaks."""
    running = IdempotentCall.objects.filter(pk=call.pk, running_until__gt=Now())
    return call.order is not None and call.order.attempt.outcome == Outcome.IN_FLIGHT and running.exists()


def tie(call: IdempotentCall | None, order_id: str) -> None:
    """Within the transaction that does the work. Raises InProgress where the call was taken over."""
    if call and not IdempotentCall.objects.filter(pk=call.pk).update(order=order_id):
        raise InProgress


def keep(call: IdempotentCall, reply: bytes) -> bytes:
    """Store the reply unless one is stored; the bytes that every repeat gets."""
    failpoint("idempotency.keeping")
    IdempotentCall.objects.filter(pk=call.pk, reply=None).update(reply=reply)
    stored = IdempotentCall.objects.filter(pk=call.pk).values_list("reply", flat=True).first()
    return bytes(stored) if stored else reply


def forget(call: IdempotentCall) -> None:
    """A refusal that charged nothing: the same key may try anew."""
    IdempotentCall.objects.filter(pk=call.pk, reply=None).delete()


def forget_old(**which: str) -> int:
    """Keys are kept for 24 hours."""
    return IdempotentCall.objects.filter(created_at__lt=Now() - KEPT_FOR, **which).delete()[0]
