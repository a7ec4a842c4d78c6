"""What sequences asked of the outside: notices to staff, and calls to other systems."""
