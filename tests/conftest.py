"""Fixtures of all tests. A fixture costs nothing until a test asks for it."""

from tests.support.postgres import databases, postgres, session_databases

__all__ = ["databases", "postgres", "session_databases"]
