"""The devices of a server: finding out what they are, and driving them."""
