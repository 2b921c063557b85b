import os
import sys
from pathlib import Path
from typing import Any

import environ
from django.core.management.base import BaseCommand

from jiema.embedded.up import up

ROOT = Path(__file__).resolve().parents[3]


class Command(BaseCommand):
    help = "Run the whole shop here: database and broker (unless the environment names them) and all else."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        environ.Env.read_env(ROOT / ".env")
        sys.exit(up(ROOT, os.environ))
