"""The screen "Stop and help words": the shop's own, the ones that we ship beside them, and a reply to try."""
