"""When SMS come to a number, and what they say."""

import math
from dataclasses import dataclass, field
from random import Random


@dataclass(slots=True)
class SmsPlan:
    """What will happen to a number.

    never: no SMS comes by itself.
    after: seconds to the first SMS, and to the next one each time the buyer asks for another; None
        draws them.
    every: seconds between SMS that come without being asked for; None means that only asking helps.
    texts: what they say, in order; when the list ends, so do the SMS. Without a list they are made up.
    service, country: whom it is for; None is anybody.
    times: for so many purchases; None is for all.
    """

    never: bool = False
    after: float | None = None
    every: float | None = None
    texts: tuple[str, ...] | None = None
    service: str | None = None
    country: int | None = None
    times: int | None = 1

    def fits(self, service: str, country: int) -> bool:
        return self.service in (None, service) and self.country in (None, country)


@dataclass(slots=True)
class Course:
    """One number's own plan, as it is being carried out."""

    never: bool
    after: float | None
    every: float | None
    texts: list[str] | None
    rng: Random

    def next_text(self, otherwise: str) -> str | None:
        if self.texts is None:
            return otherwise
        return self.texts.pop(0) if self.texts else None


@dataclass(slots=True)
class Planner:
    """median: seconds, of a log-normal draw. never: share of numbers that get no SMS."""

    median: float
    never: float
    plans: list[SmsPlan] = field(default_factory=list)

    def add(self, plan: SmsPlan) -> None:
        """Plans with a number of times go first, oldest first; then the standing ones, newest first."""
        standing = next((i for i, other in enumerate(self.plans) if other.times is None), len(self.plans))
        self.plans.insert(standing, plan)

    def course(self, service: str, country: int, rng: Random) -> Course:
        plan = self._take(service, country)
        if plan is None:
            return Course(rng.random() < self.never, None, None, None, rng)
        texts = None if plan.texts is None else list(plan.texts)
        return Course(plan.never, plan.after, plan.every, texts, rng)

    def delay(self, course: Course) -> float:
        if course.after is not None:
            return course.after
        return course.rng.lognormvariate(math.log(self.median), 0.6) if self.median else 0.0

    def _take(self, service: str, country: int) -> SmsPlan | None:
        plan = next((plan for plan in self.plans if plan.fits(service, country)), None)
        if plan is not None and plan.times is not None:
            plan.times -= 1
            if plan.times <= 0:
                self.plans.remove(plan)
        return plan
