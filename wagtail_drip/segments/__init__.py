"""Groups of contacts by rules: who is meant, how many, who came and who went. Kept up to date by passes.

Rules are plain JSON (``types``), compiled to one condition of the ORM (``matching``); others read the memberships.
"""
