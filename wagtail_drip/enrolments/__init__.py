"""What is happening: one contact on one version of one sequence, each step visited, and why.

``walk``, ``effects`` and ``steps/`` are pure; ``run_due`` is the shell. Leans on sequences and messaging.
"""
