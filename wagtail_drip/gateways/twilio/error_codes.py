"""
Twilio's error codes that we act upon. The rest are passed on as they are.

Meanings from https://www.twilio.com/docs/api/errors and its pages per code, read 2026-11-21.
"""

from __future__ import annotations

from wagtail_drip.gateways.types import Outcome

# In the answer to POST …/Messages.json. https://www.twilio.com/docs/api/errors/<code>
ON_SENDING: dict[str, Outcome] = {
    "10001": Outcome.CONFIG,  # Account is not active
    "20003": Outcome.CONFIG,  # Authentication error: wrong SID, token or key
    "20404": Outcome.CONFIG,  # Resource not found: the account in the address does not exist
    "20429": Outcome.THROTTLED,  # Too many requests; "never processed", safe to retry
    "20500": Outcome.AMBIGUOUS,  # Internal server error; "POST … is not idempotent; retry may send twice"
    "21211": Outcome.BAD_NUMBER,  # Invalid 'To' phone number
    "21212": Outcome.CONFIG,  # Invalid 'From' number
    "21408": Outcome.CONFIG,  # Geographic permission not enabled for this region
    "21602": Outcome.CONTENT,  # Message body is required
    "21606": Outcome.CONFIG,  # 'From' is not a message-capable number of this account
    "21610": Outcome.OPTED_OUT,  # Recipient has unsubscribed
    "21611": Outcome.THROTTLED,  # This 'From' number has exceeded its queue
    "21612": Outcome.BAD_NUMBER,  # 'To' is not reachable from this 'From'
    "21614": Outcome.BAD_NUMBER,  # 'To' is not a mobile number
    "21617": Outcome.CONTENT,  # The concatenated body exceeds 1600 characters
    "21703": Outcome.CONFIG,  # The Messaging Service has no phone numbers
}

# In status callbacks and message resources.
ON_DELIVERY: dict[str, Outcome] = {
    "21610": Outcome.OPTED_OUT,  # Recipient has unsubscribed
    "30001": Outcome.TRANSIENT,  # Queue overflow
    "30002": Outcome.CONFIG,  # Account suspended
    "30003": Outcome.TRANSIENT,  # Unreachable destination handset: switched off or out of reach
    "30004": Outcome.BAD_NUMBER,  # Message blocked: the number cannot receive it
    "30005": Outcome.BAD_NUMBER,  # Unknown destination handset
    "30006": Outcome.BAD_NUMBER,  # Landline or unreachable carrier
    "30007": Outcome.CONTENT,  # Carrier violation: filtered
    "30008": Outcome.TRANSIENT,  # Unknown error
    "30032": Outcome.CONFIG,  # Toll-free number has not been verified
    "30034": Outcome.CONFIG,  # Message from an unregistered 10DLC number
}
