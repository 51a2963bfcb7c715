"""A D-Bus daemon of our own, so that no test touches the machine's."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>custom</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    {policy}
  </policy>
</busconfig>
"""


@contextmanager
def private_bus(*, policy: str = "") -> Iterator[str]:
    """Run a D-Bus daemon and give its address. ``policy`` is more of the configuration language's rules."""
    daemon = shutil.which("dbus-daemon")
    assert daemon is not None, "these tests need dbus-daemon: install the package dbus"
    # A socket's path has to be short.
    with tempfile.TemporaryDirectory(prefix="dbus") as directory:
        config = Path(directory, "bus.conf")
        config.write_text(_CONFIG.format(socket=Path(directory, "socket"), policy=policy))
        process = subprocess.Popen(
            [daemon, f"--config-file={config}", "--nofork", "--nopidfile", "--print-address"],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert address, "dbus-daemon did not start"
            yield address
        finally:
            process.terminate()
            process.wait(10)
            if process.stdout is not None:
                process.stdout.close()
