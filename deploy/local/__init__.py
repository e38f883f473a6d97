"""The one-machine launcher: a private PostgreSQL, every process, and the main job as a demonstration."""
