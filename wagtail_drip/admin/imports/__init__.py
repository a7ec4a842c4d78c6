"""Lists of contacts on screen: uploaded, their columns named, checked, started and followed."""
