"""
Twilio Programmable Messaging, by its HTTP interface; no SDK. Delete this folder and Twilio is gone.
"""

from __future__ import annotations

from .gateway import TwilioGateway

__all__ = ["TwilioGateway"]
