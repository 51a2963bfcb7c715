"""One fake per bus, and the clock. Each stands in at the lowest layer the real library reaches."""
