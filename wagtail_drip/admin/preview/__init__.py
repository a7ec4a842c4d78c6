"""Texts as a phone would show them: who the person is, one bubble, the panel beside the editor."""
