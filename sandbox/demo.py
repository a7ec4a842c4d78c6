"""
Start the sandbox: `python3 sandbox/demo.py`. A shop, Wagtail, a worker and a simulated phone, on SQLite.

Everything goes to sandbox/.demo/, which may be deleted at any time. Ctrl-C stops it.
"""
# No annotations import and no new syntax in this file, so that an old Python can say what is wrong.
# ruff: noqa: I002, RUF005, UP031

import os
import sys

NEEDED = (3, 11)


def newer_python():
    """Return the name of a Python on the path that is new enough, or nothing."""
    for minor in range(15, NEEDED[1] - 1, -1):
        name = "python3.%d" % minor
        for folder in os.environ.get("PATH", "").split(os.pathsep):
            if os.access(os.path.join(folder, name), os.X_OK):
                return name
    return ""


def refuse_old_python():
    if sys.version_info >= NEEDED:
        return
    words = "wagtail-drip needs Python %d.%d or newer; this is %s." % (NEEDED + (sys.version.split()[0],))
    found = newer_python()
    if found:
        words += "\nThere is a newer one on this machine: %s %s" % (found, " ".join(sys.argv))
    sys.exit(words)


if __name__ == "__main__":
    refuse_old_python()
    # The project, not this folder: its `settings` and `site` would hide others of the same name.
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    from sandbox import running

    sys.exit(running.main(sys.argv[1:]))
