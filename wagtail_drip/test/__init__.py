"""Shipped for site developers: helpers for their own tests, and contracts for gateways and stores."""
