"""The render service: documents into bytes. It has no database and no memory."""
