# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A mail server that keeps what it is sent: the outbox that counts."""

import email
import email.policy
import logging
import socket
import warnings
from contextlib import contextmanager
from typing import NamedTuple
from unittest.mock import patch

from odoo.addons.base.models.ir_mail_server import IrMail_Server

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from aiosmtpd.controller import Controller


class Received(NamedTuple):
    """A message as it came in: to whom it was handed over, and what it says."""

    recipients: tuple
    message: email.message.EmailMessage

    @property
    def text(self):
        """The HTML of the message."""
        return self.message.get_body(("html", "plain")).get_content()


class SmtpSink:
    """Serve on a port of this machine until the ``with`` block ends.

    It listens on ``port``; ``received`` is what came in, in order; nothing leaves.
    """

    def __init__(self):
        self.received = []
        # It names every step it takes, on the loggers of mail.
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        with socket.socket() as some:
            some.bind(("127.0.0.1", 0))
            self.port = some.getsockname()[1]
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    async def handle_DATA(self, _server, _session, envelope):
        """Keep a message; called by aiosmtpd, in its thread."""
        message = email.message_from_bytes(
            envelope.content, policy=email.policy.default
        )
        self.received.append(Received(tuple(envelope.rcpt_tos), message))
        return "250 Kept"

    def __enter__(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._controller.start()
        return self

    def __exit__(self, *_error):
        self._controller.stop()

    @property
    def addresses(self):
        """The addresses that got a message, one each time they did."""
        return [address for one in self.received for address in one.recipients]


@contextmanager
def outgoing_mail(env):
    """Have a test really send its mail, to a sink, as Odoo's own tests do it."""
    with SmtpSink() as sink:
        env["ir.mail_server"].search([]).active = False
        env["ir.mail_server"].create(
            {"name": "Sink", "smtp_host": "127.0.0.1", "smtp_port": sink.port}
        )
        with patch.object(IrMail_Server, "_disable_send", return_value=False):
            yield sink
