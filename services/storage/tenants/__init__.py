"""What tenants are given: quota and retention (SPEC O11)."""
