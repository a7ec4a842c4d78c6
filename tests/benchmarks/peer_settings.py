"""A bare Django site for the peers: their own apps and nothing of ours."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

SECRET_KEY = "benchmark"
USE_TZ = True
ALLOWED_HOSTS = ["*"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SITE_ID = 1
STATIC_URL = "/static/"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    *filter(None, os.environ.get("PEER_APPS", "").split(",")),
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
DEFAULT_FROM_EMAIL = DRIP_FROM_EMAIL = "shop@example.com"
DRIP_CAMPAIGN_SETTINGS: dict[str, str] = {}
POST_OFFICE = {
    "BACKENDS": {"default": "django.core.mail.backends.dummy.EmailBackend"},
    "BATCH_SIZE": 1000,
    "THREADS_PER_PROCESS": 1,
    "LOG_LEVEL": 0,
}
LOGGING = {"version": 1, "disable_existing_loggers": True}
Q_CLUSTER = {
    "name": "peer",
    "orm": "default",
    "workers": 2,
    "timeout": 120,
    "retry": 180,
    "save_limit": -1,
    "poll": 0.2,
    "bulk": 1,
    "queue_limit": 50,
    "max_attempts": 1,
}
if os.environ.get("DRIP_TEST_DB") == "postgres":
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": os.environ["PEER_DATABASE"],
            "USER": os.environ.get("PGUSER", "postgres"),
            "HOST": os.environ.get("PGHOST", "127.0.0.1"),
        }
    }
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(Path(tempfile.gettempdir()) / f"{os.environ['PEER_DATABASE']}.sqlite3"),
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
        }
    }
