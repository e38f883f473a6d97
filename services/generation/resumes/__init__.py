"""Resumes: generated, kept, listed."""
