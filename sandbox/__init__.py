"""
The sandbox: a tea and coffee shop to try wagtail-drip in, with a simulated phone and a time machine.

`demo.py` starts it on a machine that has nothing but Python. It is never installed with the package.
"""
