# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models


class SaleSubscription(models.Model):
    """Subscriptions as recipients of Odoo's mailings, and what a text may name."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "sale.subscription"
    # Odoo asks the model whether it may be mailed.
    _mailing_enabled = True

    period_price = fields.Monetary(
        string="Price of a Period",
        compute="_compute_period_price",
        help="What the customer pays for one period by the lines as they are, taxes "
        "included; time-limited offers are ignored.",
    )
    loyalty_points = fields.Float(
        compute="_compute_loyalty_points",
        help="The points on the loyalty cards of the customer and its contacts.",
    )

    @api.depends("sale_subscription_line_ids.price_total")
    def _compute_period_price(self):
        for subscription in self:
            lines = subscription.sale_subscription_line_ids
            subscription.period_price = sum(lines.mapped("price_total"))

    @api.depends("partner_id", "company_id")
    def _compute_loyalty_points(self):
        rows = (
            self.env["loyalty.card"]
            .sudo()
            ._read_group(
                [
                    ("program_type", "=", "loyalty"),
                    (
                        "partner_id.commercial_partner_id",
                        "in",
                        self.partner_id.commercial_partner_id.ids,
                    ),
                ],
                ["partner_id", "company_id"],
                ["points:sum"],
            )
        )
        points = {}
        for partner, company, number in rows:
            key = (partner.commercial_partner_id, company)
            points[key] = points.get(key, 0) + number
        for subscription in self:
            partner = subscription.partner_id.sudo().commercial_partner_id
            # A programme without a company is one of all companies.
            subscription.loyalty_points = sum(
                points.get((partner, company), 0)
                for company in (subscription.company_id, self.env["res.company"])
            )

    @api.model
    def mail_allowed_qweb_expressions(self):
        """Let every marketer name these in a text, not only who may write any code."""
        return (
            *super().mail_allowed_qweb_expressions(),
            "object.company_id.name",
            "object.journey_offer",
            "object.loyalty_points",
            "object.next_renewal_date",
            "object.period_price",
            "object.template_id.name",
        )

    # --- to whom ----------------------------------------------------------------------

    def _mailing_get_default_domain(self, mailing):
        """Propose the running ones to whoever makes a mailing by hand."""
        return [("is_running", "=", True)]

    def _mail_get_partners(self, introspect_fields=False):
        """Have a mailing reach, in their language, those that ``_reach`` promised.

        Elsewhere, as in the chatter, the contact of the subscription is meant.
        """
        channel = self.env.context.get("subscription_channel")
        if not channel:
            return super()._mail_get_partners(introspect_fields=introspect_fields)
        recipients = self._recipients(channel)
        partners = self.env["res.partner"].browse(recipients.values())
        return {
            id_: self.env["res.partner"]
            .browse(recipients.get(id_))
            .with_prefetch(partners.ids)
            for id_ in self.ids
        }

    def _sms_get_recipients_info(self, force_field=False, partner_fallback=True):
        """Say the numbers of all at once; Odoo asks for one recipient at a time."""
        if self.env.context.get("subscription_channel") != "sms":
            return super()._sms_get_recipients_info(
                force_field=force_field, partner_fallback=partner_fallback
            )
        return {
            id_: {
                "partner": partner,
                "sanitized": partner.phone_sanitized,
                "number": partner.phone,
                "partner_store": True,
                "field_store": "phone",
            }
            for id_, partner in self._mail_get_partners().items()
        }

    # --- what was sent ----------------------------------------------------------------

    def _message_mail_after_hook(self, mails):
        """Count the e-mails of a mailing, in the transaction that makes them."""
        for mailing, some in mails.grouped("mailing_id").items():
            partners = {mail.res_id: mail.recipient_ids[:1].id for mail in some}
            mailing._record_contacts("email", partners)
        return super()._message_mail_after_hook(mails)
