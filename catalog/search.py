"""Finding services and countries by what people type: in any of the shop's languages, with typing errors forgiven.

First what was typed is looked for as it stands: whole names, their beginnings, the beginnings of their words, and from
three letters on (in Chinese from one sign on) anywhere inside. Only where nothing is found so, names that look alike
are: two neighbours swapped, or most groups of three letters shared (pg_trgm). Such names are in Latin letters, as
PostgreSQL makes no groups of others in databases with the locale C.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from catalog.models import ServiceSummary
from catalog.names import fold

MOST_LIKE = 5
LEAST_LIKENESS = 0.3
"""As much as pg_trgm itself takes for alike."""

_ON_SALE = "AND EXISTS (SELECT FROM catalog_servicesummary s WHERE s.service_id = n.service_id)"
# The position() is that of the first match; spaces are put before both, so that it finds beginnings of words.
_NAMED = """
SELECT n.{column}, min(CASE
    WHEN n.is_code THEN 2
    WHEN n.text = t.typed THEN 0
    WHEN starts_with(n.text, t.typed) THEN 1
    WHEN position(' ' || t.typed IN n.text) > 0 THEN 3
    ELSE 4 END) AS rank
FROM catalog_searchname n, unnest(%(typed)s::text[]) AS t (typed)
WHERE n.{column} IS NOT NULL {where}
  AND (n.text = t.typed OR NOT n.is_code AND (
       starts_with(n.text, t.typed) OR position(' ' || t.typed IN n.text) > 0
       OR %(inside)s AND position(t.typed IN n.text) > 0))
GROUP BY 1
"""
_ALIKE = """
WITH close AS (
    SELECT n.{column}, max(CASE WHEN n.text = ANY(%(swapped)s) THEN 1
        ELSE greatest(similarity(n.text, %(typed)s), word_similarity(%(typed)s, n.text) * 0.8) END) AS likeness
    FROM catalog_searchname n
    WHERE n.{column} IS NOT NULL AND NOT n.is_code {where}
    GROUP BY 1
)
SELECT {column}, likeness FROM close
WHERE likeness >= %(least)s AND likeness >= 0.7 * (SELECT max(likeness) FROM close)
ORDER BY likeness DESC LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Found:
    """ids: rank by id, the lower the better. is_corrected: they only look like what was typed."""

    ids: dict[Any, float] = field(default_factory=dict)
    is_corrected: bool = False


@dataclass(frozen=True, slots=True)
class FoundServices:
    services: list[ServiceSummary]
    is_corrected: bool = False


def search_services(words: str, limit: int) -> FoundServices:
    """Those on sale, best first; of equally good ones in the shop's order."""
    found = _search("service_id", words, _ON_SALE)
    rows = ServiceSummary.objects.filter(pk__in=found.ids).select_related("service")
    ordered = sorted(rows, key=lambda row: (found.ids[row.pk], row.service.position, row.pk))
    return FoundServices(ordered[:limit], found.is_corrected)


def search_countries(words: str, among: Iterable[int]) -> Found:
    """Ids and ranks of these countries."""
    return _search("country_id", words, "AND n.country_id = ANY(%(among)s)", among=list(among))


def _search(column: str, words: str, where: str, **values: Any) -> Found:
    typed = fold(words)
    if not typed:
        return Found()
    whole = typed.replace(" ", "")
    is_long = len(whole) >= 3 or not whole.isascii()
    named = _rows(_NAMED, column, where, typed=[*{typed, whole}], inside=is_long, **values)
    if named or not whole.isascii() or len(whole) < 3:
        return Found(dict(named))
    alike = _rows(
        *(_ALIKE, column, where), typed=typed, swapped=_swapped(whole), least=LEAST_LIKENESS, most=MOST_LIKE, **values
    )
    return Found({each: 1 - likeness for each, likeness in alike}, is_corrected=bool(alike))


def _swapped(word: str) -> list[str]:
    """The word with each pair of neighbours swapped: the commonest slip, and the one that changes most groups."""
    return [word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1)]


def _rows(query: str, column: str, where: str, **values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query.format(column=column, where=where), values)
        return list(cursor.fetchall())
