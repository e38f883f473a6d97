"""The same running service as the integration tests have."""

from tests.integration.storage.conftest import storage, worker

__all__ = ["storage", "worker"]
