# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A client of the monitor's socket, for tests."""
import socket
import time

PROMPT = b"(myna) "
LIMIT = 60  # seconds for anything


class Client:
    """Waits until the socket is there and the prompt has come."""

    def __init__(self, path):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.settimeout(LIMIT)
        end = time.monotonic() + LIMIT
        while True:
            try:
                self.s.connect(path)
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
        self.answer()

    def answer(self):
        """What comes before the next prompt, or before the end."""
        data = b""
        while not data.endswith(PROMPT):
            more = self.s.recv(65536)
            if not more:
                break
            data += more
        return data.removesuffix(PROMPT).decode(errors="replace")

    def ask(self, line):
        self.s.sendall(line if isinstance(line, bytes) else line.encode() + b"\n")
        return self.answer()
