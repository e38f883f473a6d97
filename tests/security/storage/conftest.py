"""The same running service as the integration tests have."""

from tests.integration.storage.conftest import storage, store_settings, worker

__all__ = ["storage", "store_settings", "worker"]
