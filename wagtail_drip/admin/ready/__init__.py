"""The page "Are you ready to text customers?": what is so, what is to do, and what cannot be known here."""
