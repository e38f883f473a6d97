"""The storage service: objects, the export ledger and its queue, quota, retention, download links (SPEC S1 to S11)."""
