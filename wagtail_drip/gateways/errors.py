"""
The errors of this room. ``is_retryable`` is an attribute of the class, not a guess of the caller::

    GatewayError
     ├─ TransientGatewayError   certainly not taken: try again
     │   └─ ThrottledByGateway  … after ``retry_after_seconds``
     ├─ AmbiguousGatewayError   may have been taken: never post it again
     ├─ RejectedMessage         the provider said no to this message
     ├─ GatewayMisconfigured    nothing will go until a person mends the settings
     └─ WebhookRejected         somebody's request is not what it should be

The first four never leave a provider: ``send`` turns them into results.
"""

from __future__ import annotations

from typing import ClassVar

from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation

from wagtail_drip.exceptions import WagtailDripError

from .types import Outcome


class GatewayError(WagtailDripError):
    """Something went wrong between us and a provider."""

    is_retryable: ClassVar[bool] = False
    outcome: Outcome = Outcome.CONFIG

    def __init__(self, detail: str = "", *, code: str = "", retry_after_seconds: float | None = None) -> None:
        super().__init__(detail or self.__doc__)
        self.code = code
        self.retry_after_seconds = retry_after_seconds


class TransientGatewayError(GatewayError):
    """The provider was not reached, or refused for a passing reason."""

    is_retryable = True
    outcome = Outcome.TRANSIENT


class ThrottledByGateway(TransientGatewayError):
    """The provider asks us to slow down."""

    outcome = Outcome.THROTTLED


class AmbiguousGatewayError(GatewayError):
    """The provider may or may not have taken the message."""

    outcome = Outcome.AMBIGUOUS


class RejectedMessage(GatewayError):
    """The provider refuses this message, and would refuse it again."""

    def __init__(self, detail: str = "", *, outcome: Outcome, code: str = "") -> None:
        super().__init__(detail, code=code)
        self.outcome = outcome


class GatewayMisconfigured(GatewayError, ImproperlyConfigured):
    """The gateway's settings cannot work."""


class WebhookRejected(GatewayError, SuspiciousOperation):
    """The request is not one that this provider would make."""
