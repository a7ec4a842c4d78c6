"""Segments on screen: rules, the sentence they make, and how many people that is."""
