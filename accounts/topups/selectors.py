from django.http import Http404
from django.shortcuts import get_object_or_404

from accounts.topups.models import Finding, Review, TopUp


def top_up_for(user_id: str, top_up_id: str) -> TopUp:
    """This user's top-up, or 404."""
    if "\0" in top_up_id:
        raise Http404
    return get_object_or_404(TopUp.objects.select_related("again_for"), pk=top_up_id, user=user_id)


def worthless(top_up: TopUp) -> list[Review]:
    """Payments in other tokens or currencies that came for this wish and brought nothing."""
    return list(Review.objects.filter(top_up=top_up, finding__in=[Finding.CURRENCY, Finding.DUST]))
