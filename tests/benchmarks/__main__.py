"""
Every figure of docs/explanation/how_fast.md, by one command.

    python -m tests.benchmarks                        all, on PostgreSQL and SQLite; an hour
    python -m tests.benchmarks --quick                all, small: to see that everything runs; a few minutes
    python -m tests.benchmarks throughput memory      these only
    python -m tests.benchmarks --database sqlite --json figures.json

Wants an environment with our test dependencies, and for the peers pip. What counts are ratios: machines differ.
Each benchmark runs in a process of its own, on a database of its own.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

# In this order; which databases each is meant for.
BENCHMARKS = {
    "throughput": ("postgres", "sqlite", "mariadb"),
    "over_http": ("postgres",),
    "round_trips": ("postgres", "sqlite", "mariadb"),
    "memory": ("postgres",),
    "latency": ("postgres",),
    "neighbours": ("postgres", "sqlite"),
    "shop": ("postgres", "sqlite"),
    "write_lock": ("sqlite",),
    "imports": ("postgres", "sqlite"),
    "segments": ("postgres", "sqlite"),
    "once": ("postgres", "sqlite"),
}
ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("only", nargs="*", metavar="benchmark", help=", ".join(BENCHMARKS))
    parser.add_argument("--database", action="append", choices=["postgres", "sqlite", "mariadb"])
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    unknown = set(given.only) - set(BENCHMARKS)
    if unknown:
        parser.error(
            f"There is no benchmark {', '.join(sorted(unknown))}. There are: {', '.join(BENCHMARKS)}."
        )
    if given.child:
        _measure(given.only[0], is_quick=given.quick)
        return
    databases = given.database or ["postgres", "sqlite"]
    figures = [
        _run(name, database, is_quick=given.quick)
        for name in given.only or BENCHMARKS
        for database in databases
        if database in BENCHMARKS[name]
    ]
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1))
    if any(figure["failed"] for figure in figures):
        raise SystemExit(1)


def _run(name: str, database: str, *, is_quick: bool) -> dict[str, Any]:
    """Run one benchmark in its own process, print its rows as a table, and return them."""
    before = os.getloadavg()[0]
    print(f"\n## {name}, {database} ({_machine()}; load {before:.1f} before)\n", flush=True)
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks", name, "--child", *(["--quick"] if is_quick else [])],
        cwd=ROOT,
        env={
            **os.environ,
            "DRIP_TEST_DB": database,
            "DRIP_TEST_NAME": os.environ.get("DRIP_TEST_NAME", "drip_benchmark"),
            "DJANGO_SETTINGS_MODULE": "tests.benchmarks.site_settings",
            "PYTHONPATH": str(ROOT),
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    print("| what | figure | unit | target |\n|---|---|---|---|", flush=True)
    rows = []
    assert child.stdout is not None
    for line in child.stdout:
        if line.startswith("["):
            row = json.loads(line)
            rows.append(row)
            print(f"| {row[0]} | {_shown(row[1])} | {row[2]} | {row[3]} |", flush=True)
    after = os.getloadavg()[0]
    failed = child.wait() != 0
    print(f"\n{'FAILED; ' if failed else ''}load {after:.1f} after", flush=True)
    return {
        "benchmark": name,
        "database": database,
        "is_quick": is_quick,
        "machine": _machine(),
        "load": [round(before, 1), round(after, 1)],
        "failed": failed,
        "rows": rows,
    }


def _measure(name: str, *, is_quick: bool) -> None:
    import django

    django.setup()
    from tests.benchmarks.measured import Size

    for row in importlib.import_module(f"tests.benchmarks.{name}").measure(Size(is_quick)):
        print(json.dumps(row), flush=True)


def _machine() -> str:
    return f"{os.cpu_count()} cores, Python {platform.python_version()}"


def _shown(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    main()
