"""What client and server share: messages, their codec, enums and errors. Knows nobody else in this package."""
