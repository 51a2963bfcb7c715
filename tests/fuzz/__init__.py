"""What comes from outside, in every wrong shape: frames, requests, replies of devices, files.

``python -m tests.fuzz NAME --seconds N`` feeds one fuzzer (``all``: each in turn) with mutated seeds. Each knows what its
input may do: nothing raises that is not expected, nothing hangs, nothing grows, and what is refused is told why.
"""
