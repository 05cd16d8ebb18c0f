# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL


class SubscriptionCustomer(models.Model):
    """Whether a customer may be written to now."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.customer"

    is_contact_refused = fields.Boolean(
        string="Wants No Messages",
        copy=False,
        help="The customer asked for no messages but the necessary ones: no campaign "
        "and no journey reaches it, on no channel.",
    )
    contact_ids = fields.One2many(
        comodel_name="subscription.contact",
        inverse_name="customer_id",
        string="Messages Received",
    )

    may_refuse_contact = fields.Boolean(
        compute="_compute_may_refuse_contact",
        help="Whether the user may write down what the customer wishes.",
    )

    # --- refusing ---------------------------------------------------------------------

    @api.depends("account_manager_id")
    @api.depends_context("uid")
    def _compute_may_refuse_contact(self):
        for customer in self:
            customer.may_refuse_contact = customer._may_hand_over()

    def action_refuse_contact(self):
        """Write down that customers want no messages any more."""
        self._set_contact_refused(True)

    def action_allow_contact(self):
        """Write down that customers may be written to again."""
        self._set_contact_refused(False)

    def _set_contact_refused(self, refused):
        """Change whether customers want messages, with a note on each of them.

        Customers are readonly for everybody: who may hand them over may do this.

        :raise AccessError: it is not for the current user to decide
        """
        self.check_access("read")
        if not self._may_hand_over():
            raise AccessError(
                self.env._(
                    "Only managers of subscription segmentation, salespeople and the "
                    "account manager say whether a customer wants messages."
                )
            )
        changed = self.sudo().filtered(lambda own: own.is_contact_refused != refused)
        changed.is_contact_refused = refused
        body = (
            self.env._("Wants no messages but the necessary ones.")
            if refused
            else self.env._("May be written to again.")
        )
        changed._message_log_batch(bodies=dict.fromkeys(changed.ids, body))

    def _merge_into(self, keep):
        """Keep the wish for no messages: whoever refused once is not asked again.

        Of campaigns that both are in, by different subscriptions, both members stay.
        """
        if self.is_contact_refused:
            keep.is_contact_refused = True
        return super()._merge_into(keep)

    # --- quiet hours ------------------------------------------------------------------

    def _quiet_until(self, at):
        """Return until when customers are left in peace, for those that are now.

        In their own time zone, else that of the company.

        :param at: a moment, UTC and naive as Odoo's are
        :return: ``{customer id: moment}``, UTC and naive; others are missing
        """
        self.env["res.partner"].flush_model(["tz"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT customer.company_id, partner.tz, ARRAY_AGG(customer.id)
                  FROM subscription_customer customer
                  JOIN res_partner partner ON partner.id = customer.partner_id
                 WHERE customer.id = ANY(%s)
              GROUP BY customer.company_id, partner.tz
                """,
                self.ids,
            )
        )
        result = {}
        for company_id, zone, ids in rows:
            company = self.env["res.company"].sudo().browse(company_id)
            end = company._subscription_quiet_until(at, zone)
            if end:
                result |= dict.fromkeys(ids, end)
        return result
