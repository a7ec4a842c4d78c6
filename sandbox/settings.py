"""
Settings of the sandbox. Nothing here is secret and nothing is fit for a real shop.

Three things come from the environment, set by `demo.py`: SANDBOX_PORT, SANDBOX_DATA, SANDBOX_DEBUG.
"""

from __future__ import annotations

import os
from pathlib import Path

from django.utils.translation import gettext_lazy as _
from oscar.defaults import *  # noqa: F403 -- Oscar reads its defaults as plain settings

SANDBOX = Path(__file__).resolve().parent
DATA = Path(os.environ.get("SANDBOX_DATA") or SANDBOX / ".demo" / "data")
DATA.mkdir(parents=True, exist_ok=True)
PORT = int(os.environ.get("SANDBOX_PORT") or 8000)
PUBLIC_BASE_URL = f"http://127.0.0.1:{PORT}"

SECRET_KEY = "the sandbox keeps no secrets, and its data stays on this machine"
DEBUG = os.environ.get("SANDBOX_DEBUG", "1") == "1"
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", "testserver"]
SITE_ID = 1
ROOT_URLCONF = "sandbox.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "sandbox.pages",
    "sandbox.phone",
    "sandbox.time_machine",
    "sandbox.seed",
    # The two lines of wagtail-drip, and the one of its Oscar adapter.
    "django_q",
    "wagtail_drip",
    "wagtail_drip.contrib.oscar",
    # Wagtail
    "wagtail.contrib.forms",
    "wagtail.contrib.redirects",
    "wagtail.contrib.settings",
    "wagtail.embeds",
    "wagtail.sites",
    "wagtail.users",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    # Oscar
    "oscar.config.Shop",
    "oscar.apps.analytics.apps.AnalyticsConfig",
    "oscar.apps.checkout.apps.CheckoutConfig",
    "oscar.apps.address.apps.AddressConfig",
    "oscar.apps.shipping.apps.ShippingConfig",
    "oscar.apps.catalogue.apps.CatalogueConfig",
    "oscar.apps.catalogue.reviews.apps.CatalogueReviewsConfig",
    "oscar.apps.communication.apps.CommunicationConfig",
    "oscar.apps.partner.apps.PartnerConfig",
    "oscar.apps.basket.apps.BasketConfig",
    "oscar.apps.payment.apps.PaymentConfig",
    "oscar.apps.offer.apps.OfferConfig",
    "oscar.apps.order.apps.OrderConfig",
    "oscar.apps.customer.apps.CustomerConfig",
    "oscar.apps.search.apps.SearchConfig",
    "oscar.apps.voucher.apps.VoucherConfig",
    "oscar.apps.wishlists.apps.WishlistsConfig",
    "oscar.apps.dashboard.apps.DashboardConfig",
    "oscar.apps.dashboard.reports.apps.ReportsDashboardConfig",
    "oscar.apps.dashboard.users.apps.UsersDashboardConfig",
    "oscar.apps.dashboard.orders.apps.OrdersDashboardConfig",
    "oscar.apps.dashboard.catalogue.apps.CatalogueDashboardConfig",
    "oscar.apps.dashboard.offers.apps.OffersDashboardConfig",
    "oscar.apps.dashboard.partners.apps.PartnersDashboardConfig",
    "oscar.apps.dashboard.pages.apps.PagesDashboardConfig",
    "oscar.apps.dashboard.ranges.apps.RangesDashboardConfig",
    "oscar.apps.dashboard.reviews.apps.ReviewsDashboardConfig",
    "oscar.apps.dashboard.vouchers.apps.VouchersDashboardConfig",
    "oscar.apps.dashboard.communications.apps.CommunicationsDashboardConfig",
    "oscar.apps.dashboard.shipping.apps.ShippingDashboardConfig",
    "widget_tweaks",
    "haystack",
    "treebeard",
    "sorl.thumbnail",
    "django_tables2",
    # Django
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.sites",
    "django.contrib.flatpages",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "oscar.apps.basket.middleware.BasketMiddleware",
    "wagtail_drip.contrib.oscar.middleware.CheckoutCaptureMiddleware",
    "wagtail.contrib.redirects.middleware.RedirectMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [SANDBOX / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "oscar.apps.search.context_processors.search_form",
                "oscar.apps.checkout.context_processors.checkout",
                "oscar.apps.communication.notifications.context_processors.notifications",
                "oscar.core.context_processors.metadata",
            ]
        },
    }
]

AUTHENTICATION_BACKENDS = [
    "oscar.apps.customer.auth_backends.EmailBackend",
    "django.contrib.auth.backends.ModelBackend",
]
LOGIN_URL = "wagtailadmin_login"

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA / "sandbox.sqlite3",
        # Off, so that a page which only counts a view does not hold SQLite's one write lock.
        "ATOMIC_REQUESTS": False,
        "OPTIONS": {
            # Take the write lock at the start: a transaction that reads first and writes later
            # fails at once with "database is locked" while the worker writes.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }
}

USE_TZ = True
TIME_ZONE = "Europe/London"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
WAGTAILADMIN_PERMITTED_LANGUAGES = LANGUAGES
# Dates as they are written where the shop is.
FORMAT_MODULE_PATH = ["sandbox.formats"]
LOCALE_PATHS = [SANDBOX / "locale"]

STATIC_URL = "/static/"
STATIC_ROOT = DATA / "static"
STATICFILES_DIRS = [SANDBOX / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = DATA / "media"

EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
MESSAGE_TAGS = {40: "danger"}  # Oscar's templates use Bootstrap's word for "error"
# The editor of a long sequence posts thousands of fields.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10000

WAGTAIL_SITE_NAME = "Leaf & Bean"
WAGTAILADMIN_BASE_URL = PUBLIC_BASE_URL
# Nothing leaves this machine: no question about updates, no pictures of people from outside.
WAGTAIL_ENABLE_UPDATE_CHECK = False
WAGTAIL_GRAVATAR_PROVIDER_URL = None

# The shop --------------------------------------------------------------------------------------
OSCAR_SHOP_NAME = "Leaf & Bean"
OSCAR_SHOP_TAGLINE = _("Tea and coffee by post")
OSCAR_DEFAULT_CURRENCY = "GBP"
OSCAR_ALLOW_ANON_CHECKOUT = True
OSCAR_FROM_EMAIL = "shop@example.com"
OSCAR_GOOGLE_ANALYTICS_ID = None
# Without the pipelines the dashboard cannot move an order, so nothing could be sent after delivery.
OSCAR_INITIAL_ORDER_STATUS = "Pending"
OSCAR_INITIAL_LINE_STATUS = "Pending"
OSCAR_ORDER_STATUS_PIPELINE = {
    "Pending": ("Being processed", "Cancelled"),
    "Being processed": ("Complete", "Cancelled"),
    "Complete": (),
    "Cancelled": (),
}
OSCAR_LINE_STATUS_PIPELINE = {
    "Pending": ("Being processed", "Cancelled"),
    "Being processed": ("Shipped", "Cancelled"),
    "Shipped": (),
    "Cancelled": (),
}
OSCAR_ORDER_STATUS_CASCADE = {
    "Being processed": "Being processed",
    "Complete": "Shipped",
    "Cancelled": "Cancelled",
}
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "sandbox.search.Engine"}}
PHONENUMBER_DEFAULT_REGION = "GB"

# Background work -------------------------------------------------------------------------------
Q_CLUSTER = {
    "name": "sandbox",
    "orm": "default",
    "workers": 3,
    "timeout": 120,
    "retry": 180,
    "save_limit": -1,
    "ack_failures": True,
    "max_attempts": 1,
    "catch_up": False,
    "poll": 0.5,
    "queue_limit": 6,
    "label": "Background tasks",
}

# wagtail-drip ----------------------------------------------------------------------------------
PHONE_TOKEN = "the phone on this machine"
SHOP_NUMBER = "+447400100900"
WAGTAIL_DRIP = {
    "GATEWAYS": {
        "default": {
            "BACKEND": "wagtail_drip.gateways.simulator.SimulatorGateway",
            "OPTIONS": {"token": PHONE_TOKEN, "url": f"{PUBLIC_BASE_URL}/phone/api/messages"},
        }
    },
    "STORES": {"oscar": {"BACKEND": "wagtail_drip.contrib.oscar.adapter.OscarAdapter", "OPTIONS": {}}},
    "PUBLIC_BASE_URL": PUBLIC_BASE_URL,
    "DEFAULT_REGION": "GB",
    "CLOCK_SHIFT": True,
    # Short, so that a forgotten cart can be tried without waiting; the time machine does the rest.
    "CART_IDLE_MINUTES": 5,
    "CHECKOUT_IDLE_MINUTES": 3,
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {"wagtail_drip": {"handlers": ["console"], "level": "INFO"}},
}
