"""
Twilio's error codes that we act upon. The rest are passed on as they are.

Meanings from https://www.twilio.com/docs/api/errors and its pages per code, read 2026-11-21 and 22.
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
    "21265": Outcome.BAD_NUMBER,  # 'To' number cannot be a short code
    "21266": Outcome.BAD_NUMBER,  # 'To' and 'From' numbers cannot be the same
    "21408": Outcome.CONFIG,  # Geographic permission not enabled for this region
    "21601": Outcome.CONFIG,  # 'From' is not a valid SMS-capable number of this account
    "21602": Outcome.CONTENT,  # Message body is required
    "21606": Outcome.CONFIG,  # 'From' is not a message-capable number of this account
    "21607": Outcome.CONFIG,  # 'From' must be the sandbox number for trial accounts
    "21608": Outcome.CONFIG,  # Trial account, or no approved profile: 'To' is not verified
    "21609": Outcome.CONFIG,  # Invalid 'StatusCallback': PUBLIC_BASE_URL cannot be reached from outside
    "21610": Outcome.OPTED_OUT,  # Recipient has unsubscribed
    "21611": Outcome.THROTTLED,  # This 'From' number has exceeded its queue
    # "The combination of 'To' and 'From' cannot be connected by Twilio at this time": another sender may reach
    # the number, so that neither the number nor the sender is to blame for good.
    "21612": Outcome.TRANSIENT,
    "21614": Outcome.BAD_NUMBER,  # 'To' is not a mobile number
    "21617": Outcome.CONTENT,  # The concatenated body exceeds 1600 characters
    "21635": Outcome.BAD_NUMBER,  # 'To' number cannot be a landline
    "21659": Outcome.CONFIG,  # 'From' is not a Twilio number, or a short code of another country
    "21660": Outcome.CONFIG,  # Mismatch between the 'From' number and the account
    "21661": Outcome.CONFIG,  # 'From' number is not SMS-capable
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
