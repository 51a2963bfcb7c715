"""The device's side of a protocol, for simulated devices: one module per family whose devices answer or are read.

Each has ``prepare(device, definition)``, which makes a simulated device answer as that model does, and gives it the name or
the advertisement that the model is known by, where that is not simply its identifier.
"""
