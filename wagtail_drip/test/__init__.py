"""Shipped for site developers: people, sequences and a clock for their own tests; contracts for gateways and stores.

``from wagtail_drip.test.people import reachable_contact`` · ``from wagtail_drip.test.sequences import
live_sequence`` · ``from wagtail_drip.test.time_travel import advance, run`` · ``from wagtail_drip.test.outbox
import outbox, open_site`` · ``pytest_plugins = ["wagtail_drip.test.fixtures"]``.
"""
