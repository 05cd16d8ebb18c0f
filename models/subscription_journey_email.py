# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import hashlib
import socket

from odoo import fields, models, tools

from .mailing_mailing import with_unsubscribe
from .subscription_journey_check import Verdict
from .subscription_journey_variant import TELLING

#: Context in which mails of deliveries are made: a dict with ``deliveries`` by
#: subscription id, and ``lang``.
SENDING = "subscription_journey_sending"
#: Why Odoo's composers make no message, in our words.
CANCELLED = {
    "mail_bl": "blacklisted",
    "mail_dup": "duplicate",
    "mail_optout": "refused",
    "mail_email_invalid": "no_address",
    "mail_email_missing": "no_address",
    "sms_blacklist": "blacklisted",
    "sms_duplicate": "duplicate",
    "sms_optout": "refused",
    "sms_number_format": "no_address",
    "sms_number_missing": "no_address",
}


class SubscriptionJourneyVariant(models.Model):
    """The mailing that carries a text."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.journey.variant"

    def _mailing(self, company, lang):
        """Return the mailing of the text as it is now, in a language.

        Each version has its own, so that statistics speak of one text.
        """
        self.ensure_one()
        text = self.with_context(lang=lang)
        owner = self.step_id.journey_id.user_id
        necessary = self.step_id.is_transactional
        by_sms = self.step_id.channel == "sms"
        body = text.body_plaintext if by_sms else text.body_html
        version = hashlib.sha256(
            f"{text.subject}\n{body}\n{owner.id}\n{necessary}".encode()
        ).hexdigest()
        key = f"{company.id}/{lang}/{version[:16]}"
        mailings = self.env["mailing.mailing"].with_context(active_test=False)
        return mailings.search(
            [
                ("subscription_variant_id", "=", self.id),
                ("subscription_variant_key", "=", key),
            ]
        ) or mailings.create(
            {
                "subscription_variant_id": self.id,
                "subscription_variant_key": key,
                "subscription_is_transactional": necessary,
                "name": f"{self.step_id.journey_id.name}: {self.step_id.name}",
                "subject": text.subject,
                **(
                    {
                        "mailing_type": "sms",
                        "body_plaintext": body,
                        "sms_allow_unsubscribe": not necessary,
                    }
                    if by_sms
                    else {
                        "mailing_type": "mail",
                        "body_html": body
                        if necessary
                        else with_unsubscribe(text.env, body),
                    }
                ),
                "mailing_model_id": self.env["ir.model"]._get_id("sale.subscription"),
                "mailing_domain": "[('id', '=', 0)]",
                "email_from": company.email_formatted
                or owner.email_formatted
                or self.env.user.email_formatted,
                "user_id": owner.id,
                "reply_to_mode": "update",
                # Never in the queue of mailings, and no mail of its figures.
                "state": "done",
                "sent_date": fields.Datetime.now(),
            }
        )


class SubscriptionJourneyDelivery(models.Model):
    """Sending by mailings: exactly one ``mail.mail`` or ``sms.sms`` for each delivery.

    Odoo's composers make the messages of a batch and call us
    (``_message_mail_after_hook``, ``_prepare_mass_sms``); then the mailing, or the
    engine, commits: what we write there is true exactly if the messages are. Odoo's
    queues send them.
    """

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.journey.delivery"

    def _do_email(self, partners):
        """Make the mails, by the mailings of their texts and languages."""
        self._send_all(partners)
        # Soon, not at the next full hour.
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()

    def _do_sms(self, partners):
        """Make the text messages in the same way."""
        self._send_all(partners)

    def _send_all(self, partners):
        """Send deliveries by the mailings of their texts and languages."""
        contacts = self.env["res.partner"].browse(set(partners.values()))
        languages = {contact.id: contact.lang for contact in contacts}
        default = self.env.lang or "en_US"
        groups = self.grouped(
            lambda one: (one._text(), languages[partners[one.id]] or default)
        )
        for (variant, lang), some in groups.items():
            mailing = variant._mailing(self.company_id, lang)
            some._send(mailing, lang)

    def _text(self):
        """Return the text that was chosen, or one that is left."""
        return self.variant_id or self.step_id.variant_ids[:1]

    def _send(self, mailing, lang):
        """Send deliveries by a mailing, in a language."""
        sending = {
            "deliveries": {one.subscription_id.id: one.id for one in self},
            "lang": lang,
        }
        mailing = mailing.with_context(
            # The progress of the scheduler is ours to tell.
            **{
                SENDING: sending,
                TELLING: tuple(self.ids),
                "ir_cron_progress_id": False,
            }
        )
        if mailing.mailing_type == "sms":
            # Texts of SMS are rendered in the language of the context.
            mailing.with_context(lang=lang).action_send_sms(self.subscription_id.ids)
        else:
            mailing.action_send_mail(self.subscription_id.ids)

    def _sent(self, mails):
        """Write of mails that were made that their deliveries are done."""
        deliveries = self.env.context[SENDING]["deliveries"]
        self.browse(deliveries[mail.res_id] for mail in mails)._mark_done(
            {
                deliveries[mail.res_id]: (
                    mail.message_id,
                    mail.mailing_trace_ids[:1].id or None,
                )
                for mail in mails
            }
        )

    def _sent_sms(self, ids, messages):
        """Write of text messages that were made that their deliveries are done.

        :param ids: of the subscriptions, in the order of the messages
        """
        deliveries = self.env.context[SENDING]["deliveries"]
        # A trace knows the number of its message, which is no relation to the ORM.
        traces = self.env["mailing.trace"].search([("sms_id_int", "in", messages.ids)])
        by_message = {trace.sms_id_int: trace.id for trace in traces}
        self.browse(deliveries[id_] for id_ in ids)._mark_done(
            {
                deliveries[id_]: (None, by_message.get(message.id))
                for id_, message in zip(ids, messages, strict=True)
            }
        )

    def _not_sent(self, reasons):
        """Write of messages that the composer does not make why.

        :param reasons: ``{subscription id: failure type}``
        """
        deliveries = self.env.context[SENDING]["deliveries"]
        self._settle(
            {
                deliveries[id_]: Verdict("skip", CANCELLED.get(failure, "no_address"))
                for id_, failure in reasons.items()
            }
        )

    def _make_message_id(self):
        """Return the Message-ID of the mail of a delivery, always the same.

        Nobody can guess those of others.
        """
        self.ensure_one()
        secret = tools.hmac(self.env(su=True), "subscription-delivery", self.id)
        return (
            f"<{secret[:20]}.{self.id}-openerp-subscription-delivery"
            f"@{socket.gethostname()}>"
        )
