"""The conversation: what people text back, keywords first. Leans on messaging, events and contacts."""
