"""Who is calling over HTTP."""
