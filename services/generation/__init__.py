"""The generation service: people, postings and the documents made from them. It never sees a PDF."""
