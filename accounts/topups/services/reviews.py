"""The desk of payments that a person has to look at. A finding is told once, also after it was settled."""

import structlog
from django.db.models.functions import Now

from accounts.topups.models import Finding, Review, TopUp

log = structlog.get_logger(__name__)


def open_review(finding: Finding, gateway: str, subject: str, detail: str, top_up: TopUp | None = None) -> None:
    """subject: the payment's, refund's or top-up's name, which the finding is told of once."""
    _, is_new = Review.objects.get_or_create(
        finding=finding, gateway=gateway, subject=subject, defaults={"detail": detail[:300], "top_up": top_up}
    )
    if is_new:
        log.warning("payment_in_review", finding=finding.value, gateway=gateway, subject=subject, detail=detail)


def settle_review(review_id: int, actor: str, note: str) -> bool:
    """A person has looked. False where it was settled before."""
    rows = Review.objects.filter(pk=review_id, settled_at=None)
    return bool(rows.update(settled_at=Now(), settled_by=actor, note=note))


def is_settled(finding: Finding, gateway: str, subject: str) -> bool:
    """Somebody has looked, so that nothing more happens by itself."""
    rows = Review.objects.filter(finding=finding, gateway=gateway, subject=subject, settled_at__isnull=False)
    return rows.exists()


def settle_finding(finding: Finding, gateway: str, subject: str, note: str) -> None:
    """It is over by itself."""
    Review.objects.filter(finding=finding, gateway=gateway, subject=subject, settled_at=None).update(
        settled_at=Now(), settled_by="itself", note=note
    )
