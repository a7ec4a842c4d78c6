"""Django's command line for the sandbox, from any working directory."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# The folder of this file comes first on the path; its `settings` and `urls` must be found as sandbox.*.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sandbox.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
