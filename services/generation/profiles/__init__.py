"""Profiles: stored, imported and exported."""
