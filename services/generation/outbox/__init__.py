"""What other services have to hear about a deletion, kept until they acknowledge it."""
