"""What the sandbox is filled with: the catalogue, the people, their orders, and the sequences that text them."""
