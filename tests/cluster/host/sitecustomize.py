"""Gives each process the host name of its container, as the engine does by a namespace."""

import os
import socket

if "HOSTNAME" in os.environ:
    socket.gethostname = lambda: os.environ["HOSTNAME"]
