"""How long things stay, and what takes them away: expiry, erasure, orphans (SPEC S8, G16, G18)."""
