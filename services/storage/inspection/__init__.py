"""Proving that database and store agree, and that the store serves clients: the audit and the doctor."""
