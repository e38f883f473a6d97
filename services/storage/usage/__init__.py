"""What a user keeps and may keep (SPEC S6, S9)."""
