"""Signals that we send for site code to hear, always with ``send_robust`` and always from a worker.

We never listen to our own: inside the package, functions are called.
"""

from __future__ import annotations

from django.dispatch import Signal

message_sent = Signal()  # message_ids: list[int]
reply_received = Signal()  # inbound_text_id: int, contact_id: int | None
sequence_entered = Signal()  # enrolment_ids: list[int]
sequence_exited = Signal()  # enrolment_ids: list[int]
