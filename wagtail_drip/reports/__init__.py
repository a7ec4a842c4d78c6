"""Counts and charts. Reads every room below, writes only its own rollups."""
