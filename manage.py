#!/usr/bin/env python
import os
import sys

if __name__ == "__main__":
    # `up` starts what the settings tell of, so it runs before they can be read.
    settings = "jiema.embedded.settings" if sys.argv[1:2] == ["up"] else "jiema.settings"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings)
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
