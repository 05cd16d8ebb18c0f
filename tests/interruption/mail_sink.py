# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A mail server that takes every message and writes down whose it was.

Enough of SMTP for Python's client, in a process of its own, so that those who send can
be killed: one line for each recipient of a message, "Message-ID recipient".
"""

import os
import signal
import socketserver
from email import message_from_bytes


class _Session(socketserver.StreamRequestHandler):
    def handle(self):
        self._say("220 sink")
        recipients = []
        while line := self.rfile.readline():
            command = line.decode().strip()
            verb = command[:4].upper()
            if verb == "RCPT":
                recipients.append(command.partition("<")[2].partition(">")[0])
            if verb == "DATA":
                self._say("354 go on")
                self._write(self._message(), recipients)
                recipients = []
            if verb == "QUIT":
                self._say("221 bye")
                return
            self._say("250 ok")

    def _say(self, text):
        self.wfile.write(f"{text}\r\n".encode())

    def _message(self):
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        return message_from_bytes(b"".join(lines))

    def _write(self, message, recipients):
        for recipient in recipients:
            # One write, which no other session's comes between.
            line = f"{message['Message-ID'].strip()} {recipient}\n".encode()
            os.write(self.server.file, line)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class MailSink:
    """A sink on a free port of this machine, while the ``with`` lasts."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        server = _Server(("127.0.0.1", 0), _Session)
        self.port = server.server_address[1]
        server.file = os.open(
            self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
        )
        self.process = os.fork()
        if not self.process:
            try:
                server.serve_forever()
            finally:
                os._exit(0)
        server.socket.close()
        os.close(server.file)
        return self

    def __exit__(self, *_error):
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)

    def received(self):
        """Return ``[(Message-ID, recipient)]``, in the order of arrival."""
        with open(self.path) as file:
            return [tuple(line.rsplit(" ", 1)) for line in file.read().splitlines()]
