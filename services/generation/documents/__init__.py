"""What resumes and cover letters share: versions and snapshots."""
