"""
Speaking to SMS providers.

Who may enter: messaging, webhooks and checks, through ``registry``; anybody may use the words in
``types`` and the segment counter in ``encoding``. An ``OutboundSms`` goes in, one ``SendResult`` per
message comes out; a provider's request becomes ``StatusEvent`` and ``InboundEvent``.
Leans on ``core.backends``, ``conf`` and ``requests``. Knows no table and no rule about consent, and
each provider is a folder that can be deleted.
"""
