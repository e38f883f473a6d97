"""Job postings: text in, structure out."""
