"""A provider of our own to run against: speaks the sms-activate protocol, with no Django and no database."""

from catalog.upstream.sandbox.engine.clock import SystemClock, VirtualClock
from catalog.upstream.sandbox.engine.smsplan import SmsPlan
from catalog.upstream.sandbox.host import Sandbox
from catalog.upstream.sandbox.push import Habits

__all__ = ["Habits", "Sandbox", "SmsPlan", "SystemClock", "VirtualClock"]
