"""Every check, listed by `nox -l`. `bash .ci/run` runs all that a change must pass, on a machine with nothing on it."""

from __future__ import annotations

import nox

nox.needs_version = ">=2026.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "types", "contracts", "docs", "tests(3.12/5.2/8.0)"]
nox.options.reuse_existing_virtualenvs = True

PROJECT = nox.project.load_toml("pyproject.toml")

# Python / Django / Wagtail: each version of each at least once, the oldest together and the newest together.
MATRIX = [
    ("3.11", "5.2", "7.4"),
    ("3.12", "5.2", "8.0"),
    ("3.13", "6.0", "7.4"),
    ("3.14", "6.1", "8.0"),
]


def install(session: nox.Session, *groups: str, versions: tuple[str, ...] = ()) -> None:
    requirements = [line for group in groups for line in nox.project.dependency_groups(PROJECT, group)]
    session.install("-e", ".[oscar,postgres,redis]", *requirements, *versions)


@nox.session
@nox.parametrize(
    ("python", "django", "wagtail"),
    [nox.param(*versions, id="/".join(versions)) for versions in MATRIX],
)
def tests(session: nox.Session, django: str, wagtail: str) -> None:
    """The suite; DRIP_TEST_DB=postgres or mariadb chooses another database than SQLite."""
    install(session, "test", versions=(f"Django=={django}.*", f"wagtail=={wagtail}.*"))
    session.run("pytest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff, templates, spelling."""
    session.install(*nox.project.dependency_groups(PROJECT, "lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("djlint", "--lint", "--quiet", "wagtail_drip/templates")
    session.run("codespell", "wagtail_drip", "tests", "sandbox", "docs")


@nox.session
def types(session: nox.Session) -> None:
    """mypy, strict."""
    install(session, "test", "types")
    session.run("mypy")


@nox.session
def contracts(session: nox.Session) -> None:
    """Who may import whom, and no model without its migration."""
    install(session, "test", "lint")
    session.run("lint-imports")
    session.run(
        *[
            "python",
            "-m",
            "django",
            "makemigrations",
            "--check",
            "--dry-run",
            "--settings=tests.settings",
            "wagtail_drip",
        ],
        env={"PYTHONPATH": "."},
    )


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation; warnings are errors."""
    install(session, "docs")
    session.run("sphinx-build", "-W", "--keep-going", "-b", "html", "docs", "docs/_build/html")


@nox.session
def wheel(session: nox.Session) -> None:
    """What pip installs, in an empty environment, with its real dependencies."""
    session.install("build")
    folder = session.create_tmp()
    session.run("python", "-m", "build", "--outdir", folder)
    session.install("--find-links", folder, "--no-index", "--no-deps", "--force-reinstall", "wagtail-drip")
    session.install("--find-links", folder, "wagtail-drip")
    session.cd(folder)
    session.run("python", "-c", "import wagtail_drip; print(wagtail_drip.__file__)")


@nox.session
def browser(session: nox.Session) -> None:
    """The tests that drive an installed Chromium."""
    install(session, "test")
    session.run("pytest", "-m", "browser", *(session.posargs or ["tests/browser"]))


@nox.session
def upgrade(session: nox.Session) -> None:
    """A database made with Wagtail 7.4 serves the suite's models under 8.0, and no migration appears."""
    database = f"{session.create_tmp()}/upgrade"
    manage = ["python", "-m", "django"]
    environment = {"PYTHONPATH": ".", "DJANGO_SETTINGS_MODULE": "tests.settings", "DRIP_TEST_NAME": database}
    install(session, "test", versions=("wagtail==7.4.*",))
    session.run(*manage, "migrate", "--run-syncdb", "--verbosity=0", env=environment)
    install(session, "test", versions=("wagtail==8.0.*",))
    session.run(*manage, "migrate", "--verbosity=0", env=environment)
    session.run(*manage, "makemigrations", "--check", "--dry-run", "wagtail_drip", env=environment)
    session.run(*manage, "check", "--fail-level=ERROR", env=environment)
