"""Skills by canonical name: the curated table, and finding its names in any text."""
