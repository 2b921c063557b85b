import sys

from django.core.management.base import BaseCommand

from catalog.upstream.sandbox.__main__ import main


class Command(BaseCommand):
    help = "Run the sandbox upstream: a provider of our own to try the shop with. --help lists its options."

    def run_from_argv(self, argv: list[str]) -> None:
        sys.exit(main(argv[2:]))
