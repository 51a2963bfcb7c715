"""One module per device family: what it sends for which values, and how it talks to its devices."""
