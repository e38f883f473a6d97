"""How well a profile fits a posting, and why."""
