"""What a document is: pure functions on the messages of vitae.resume.v1, shared by generation and render."""
