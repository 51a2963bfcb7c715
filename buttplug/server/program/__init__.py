"""What makes the server a program: its command line, its log, its signals, and how it starts and ends."""
