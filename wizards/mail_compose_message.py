# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

from ..models.subscription_journey_email import SENDING


class MailComposeMessage(models.TransientModel):
    """Mails to subscriptions: who may be written to, and what is told of journeys."""

    _inherit = "mail.compose.message"

    def _prepare_mail_values(self, res_ids):
        """Leave those in peace whose quiet hours have begun while others were sent to.

        Before their mails are rendered, which takes the time.
        """
        governed = self.env.context.get("subscription_governed")
        if governed and self.model == "sale.subscription":
            res_ids = self.mass_mailing_id._without_quiet(list(res_ids))
            if not res_ids:
                return {}
        return super()._prepare_mail_values(res_ids)

    def _process_mail_values_state(self, mail_values_dict):
        """Look once more, batch by batch, at who may be written to.

        A mailing to many takes its time, and what has happened since it began counts.
        """
        result = super()._process_mail_values_state(mail_values_dict)
        mailing = self.mass_mailing_id
        if mailing and self.model == "sale.subscription":
            for id_ in mailing._kept_back(list(result)):
                if result[id_].get("state") != "cancel":
                    result[id_].update(state="cancel", failure_type="mail_optout")
        return result

    def _action_send_mail(self, auto_commit=False):
        """Leave the commit to the mailing, when all of a batch is written."""
        if self.env.context.get(SENDING):
            auto_commit = False
        return super()._action_send_mail(auto_commit=auto_commit)

    def _manage_mail_values(self, mail_values_all):
        """Say of deliveries of journeys that get no mail why."""
        result = super()._manage_mail_values(mail_values_all)
        if self.env.context.get(SENDING):
            self.env["subscription.journey.delivery"]._not_sent(
                {
                    id_: values.get("failure_type")
                    for id_, values in mail_values_all.items()
                    if id_ not in result
                }
            )
        return result
