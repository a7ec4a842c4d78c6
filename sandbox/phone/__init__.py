"""
The simulated phone: the mobile network as our gateway sees it, and the screens of all the phones on it.

It stands in for a provider, so it knows wagtail-drip only by HTTP: texts come in at `/phone/api/messages`,
receipts and replies go out to our webhook. `network.py` writes; `run_phone` posts what is due.
"""
