"""A prompt at which devices are found and tried by hand, without writing a program."""
