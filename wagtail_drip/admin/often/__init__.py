"""How often people are texted: the caps of a site, and what they would have done lately."""
