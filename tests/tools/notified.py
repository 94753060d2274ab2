# SPDX-License-Identifier: MIT
"""Plays the service manager: notified.py DIR COMMAND...

Starts the command with $NOTIFY_SOCKET, and when it says READY=1, DIR must
serve. Ends it with SIGTERM. Prints what was said, one line each.

notified.py --silent COMMAND...: the command goes into the background, and says
nothing.
"""
import os
import signal
import socket
import subprocess
import sys
import tempfile

directory, command = sys.argv[1], sys.argv[2:]
place = tempfile.mkdtemp()
path = os.path.join(place, "notify")
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(path)
manager.settimeout(20)


def heard():
    return manager.recv(8192).decode().splitlines()


def serves():
    service = subprocess.Popen(command, env=environment)
    try:
        said = heard()
        assert "READY=1" in said, said
        with open(os.path.join(directory, "mshare_info")) as info:
            assert int(info.read()) >= 1 << 20
        assert service.poll() is None
    finally:
        service.send_signal(signal.SIGTERM)
    said += heard()
    assert service.wait(20) == 0, service.returncode
    print("\n".join(said))


def is_silent():
    subprocess.run(command, env=environment, check=True, timeout=20)
    manager.settimeout(1)
    try:
        raise AssertionError(heard())
    except TimeoutError:
        pass


environment = dict(os.environ, NOTIFY_SOCKET=path)
try:
    if directory == "--silent":
        is_silent()
    else:
        serves()
finally:
    os.unlink(path)
    os.rmdir(place)
