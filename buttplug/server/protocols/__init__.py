"""One module per device family: values in, bytes out. :mod:`buttplug.server.protocols.base` says how one is added."""
