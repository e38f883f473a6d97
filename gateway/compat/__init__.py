"""Paths of existing clients: thin translations onto the resource API, a file for each client."""
