"""What shops tell us: adapters, the worker that takes notices in, our copies of purchases and carts.

Shop-neutral; contrib/* translate into the types here. Leans on events and contacts.
"""
