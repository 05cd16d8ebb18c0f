# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

from .subscription_journey_email import SENDING


class MailingMailing(models.Model):
    """A mailing that carries a text of a journey: statistics, links, unsubscribing."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "mailing.mailing"

    subscription_variant_id = fields.Many2one(
        comodel_name="subscription.journey.variant",
        string="Text of a Journey",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    subscription_variant_key = fields.Char(
        readonly=True,
        copy=False,
        help="Company, language and version of the text; another one is another "
        "mailing.",
    )

    _subscription_variant_unique = models.UniqueIndex(
        "(subscription_variant_id, subscription_variant_key)"
        " WHERE subscription_variant_id IS NOT NULL",
        "A version of a text has one mailing.",
    )

    def action_retry_failed(self):
        """Have text messages that failed leave again; they stay what they are."""
        by_sms = self.filtered(
            lambda own: own.subscription_variant_id and own.mailing_type == "sms"
        )
        if by_sms:
            failed = self.env["sms.sms"].sudo()
            failed = failed.search(
                [("mailing_id", "in", by_sms.ids), ("state", "=", "error")]
            )
            failed.action_set_outgoing()
            self.env.ref("sms.ir_cron_sms_scheduler_action").sudo()._trigger()
        return super(MailingMailing, self - by_sms).action_retry_failed()

    def _get_mass_mailing_context(self):
        """Have the queue send the mails, in the language of the customer."""
        result = super()._get_mass_mailing_context()
        if sending := self.env.context.get(SENDING):
            result |= {"default_force_send": False, "default_lang": sending["lang"]}
        return result
