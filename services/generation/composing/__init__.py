"""Resumes composed without a model: chosen, ordered and proved from the profile's facts."""
