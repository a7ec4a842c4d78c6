"""Where gateways post receipts and replies: verify, keep raw, answer."""
