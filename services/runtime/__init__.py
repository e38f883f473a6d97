"""What every process runs on: servers, channels, errors, identity, configuration, logs, database, queue."""
