"""
May this message go to this contact now? One answer, with a reason.

Messaging asks, in ``policy.decide``, which is pure over a ``Question``; ``actions`` suppresses and lifts;
``quiet_hours`` and ``jurisdictions`` hold what the clock and the law say. Leans on contacts and core.
"""
