"""The workers' side of exports: leases, heartbeats, results (SPEC S7)."""
