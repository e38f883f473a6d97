"""What every Vitae process runs on: RPC servers and channels, errors, identity, configuration, logs, database, queue."""
