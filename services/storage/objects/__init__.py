"""Where bytes live: one protocol (base.py) with two implementations, local files (local.py) and S3 (s3.py)."""
