# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

from ..models.subscription_journey_email import SENDING


class SmsComposer(models.TransientModel):
    _inherit = "sms.composer"

    def _prepare_body_values(self, records):
        """Write to each customer in its language, as Odoo does in e-mails."""
        if (
            not self.mailing_id
            or self.res_model != "sale.subscription"
            or self.env.context.get(SENDING)
        ):
            return super()._prepare_body_values(records)
        partners = records._mail_get_partners()
        bodies = {}
        for lang, some in records.grouped(
            lambda own: partners[own.id].lang or self.env.lang
        ).items():
            own = self.with_context(lang=lang)
            bodies |= super(SmsComposer, own)._prepare_body_values(some)
        return bodies

    def _get_optout_record_ids(self, records, recipients_info):
        """Look once more at who may be written to."""
        result = super()._get_optout_record_ids(records, recipients_info)
        if self.mailing_id and self.res_model == "sale.subscription":
            result += self.mailing_id._kept_back(records.ids)
        return result

    def _get_done_record_ids(self, records, recipients_info):
        """Leave duplicates to the mailing: a number may stand for two customers."""
        if self.mailing_id and self.res_model == "sale.subscription":
            return []
        return super()._get_done_record_ids(records, recipients_info)

    def _filter_out_and_handle_revoked_sms_values(self, sms_values_all):
        """Say of deliveries of journeys that get no message why."""
        result = super()._filter_out_and_handle_revoked_sms_values(sms_values_all)
        if self.env.context.get(SENDING):
            self.env["subscription.journey.delivery"]._not_sent(
                {
                    id_: values["failure_type"]
                    for id_, values in sms_values_all.items()
                    if id_ not in result
                }
            )
        return result

    def _prepare_mass_sms(self, records, sms_record_values):
        """Count the messages of a mailing, in the transaction that makes them."""
        sms = super()._prepare_mass_sms(records, sms_record_values)
        if self.env.context.get(SENDING):
            self.env["subscription.journey.delivery"]._sent_sms(records.ids, sms)
        if self.mailing_id and self.res_model == "sale.subscription":
            partners = {
                id_: values["partner_id"] for id_, values in sms_record_values.items()
            }
            self.mailing_id._record_contacts("sms", partners)
        return sms
