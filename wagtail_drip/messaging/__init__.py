"""The outbox: messages from queued to delivered, the gate they pass, and what gateways report back.

The only room that hands anything to a gateway. Leans on content, compliance, links, contacts and gateways.
"""
