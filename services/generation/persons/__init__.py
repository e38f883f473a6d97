"""Everything held about a person: taken along or erased."""
