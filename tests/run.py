"""
Run the tests: `python3 tests/run.py [pytest's arguments]`. Makes its own environment in tests/.env/.

Tests run on SQLite; DRIP_TEST_DB=postgres, mariadb or all chooses others. The exit code is pytest's.
"""
# No annotations import and no new syntax in this file, so that an old Python can say what is wrong.
# ruff: noqa: I002, RUF005, UP031

import os
import sys

NEEDED = (3, 11)

if __name__ == "__main__":
    if sys.version_info < NEEDED:
        sys.exit("The tests need Python %d.%d or newer; this is %s." % (NEEDED + (sys.version.split()[0],)))
    # The project, not this folder.
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    from sandbox import testing

    sys.exit(testing.main(sys.argv[1:]))
