"""Cover letters: composed from evidence without a model, kept, edited."""
