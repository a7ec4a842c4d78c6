"""Shop adapters, each installed by choice; nobody inside imports them."""
