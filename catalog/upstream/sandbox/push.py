"""The provider's webhook: tells a URL of every SMS."""

import queue
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass, field

from catalog.upstream.sandbox.engine.activation import Activation, Message
from catalog.upstream.sandbox.engine.shop import Shop
from catalog.upstream.sandbox.wire.profiles import Profile
from catalog.upstream.sandbox.wire.reply import compact

TIMEOUT = 3.0
RETRIES = 7
RETRY_SECONDS = 25.0


@dataclass(slots=True)
class Parcel:
    """One push. status: of the last try; 0 where there was no answer."""

    url: str
    body: str
    tries: int = 0
    status: int = 0


@dataclass(slots=True)
class Habits:
    """url: where to; None is nowhere. times: how often each SMS is told. late: seconds after the SMS."""

    url: str | None = None
    times: int = 1
    late: float = 0.0


@dataclass
class Push:
    """Sends from a thread of its own; what gets no 200 is sent again, 25 s apart, seven times at most."""

    shop: Shop
    profile: Profile
    habits: Habits = field(default_factory=Habits)
    parcels: list[Parcel] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._queue: queue.Queue[Parcel | None] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.shop.listeners.append(self._hear)

    def start(self) -> None:
        self._thread = threading.Thread(target=self._work, name="sandbox-push", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._queue.put(None)
        if self._thread is not None:
            self._thread.join()

    def _hear(self, activation: Activation, message: Message, at: float) -> None:
        if self.habits.url is None:
            return
        for _ in range(self.habits.times):
            parcel = Parcel(self.habits.url, self._body(activation, message))
            self.parcels.append(parcel)
            self._send(parcel, self.habits.late)

    def _send(self, parcel: Parcel, seconds: float) -> None:
        if seconds > 0:
            self.shop.after(seconds, lambda _: self._queue.put(parcel))
        else:
            self._queue.put(parcel)

    def _body(self, activation: Activation, message: Message) -> str:
        return compact(
            {
                "activationId": str(activation.id),
                "service": activation.service,
                "text": message.text,
                "code": message.code or None,
                "country": activation.country,
                "receivedAt": self.profile.stamp(message.at),
            }
        )

    def _work(self) -> None:
        while (parcel := self._queue.get()) is not None:
            parcel.tries += 1
            parcel.status = self._post(parcel)
            if parcel.status != 200 and parcel.tries <= RETRIES:
                self._send(parcel, RETRY_SECONDS)

    def _post(self, parcel: Parcel) -> int:
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(parcel.url, parcel.body.encode(), headers)  # noqa: S310
        try:
            with self._opener.open(request, timeout=TIMEOUT) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except OSError:
            return 0
