"""The shapes that existing clients were promised, derived from documents, a file each. Pure functions."""
