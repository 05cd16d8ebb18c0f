# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

MANAGER = "subscription_segmentation.group_manager"
STORED = {"notice_date", "notice_end_date"}


class SaleSubscription(models.Model):
    """Scheduled churn as a subscription shows it: its open notice."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "sale.subscription"

    notice_ids = fields.One2many(
        comodel_name="subscription.notice",
        inverse_name="subscription_id",
        string="Notices",
        groups="subscription_segmentation.group_user",
    )
    notice_date = fields.Date(
        string="Notice Given On",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The day on which the notice was given that is neither withdrawn nor "
        "carried out: the subscription still runs, and is about to end.",
    )
    notice_end_date = fields.Date(
        string="Ends by Notice On",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The day on which it is to end by the open notice. Nothing ends it by "
        "itself.",
    )
    days_to_notice_end = fields.Integer(
        string="Days to End by Notice",
        compute="_compute_days_to_notice_end",
        search="_search_days_to_notice_end",
        aggregator=None,
        help="Days from today to the end by notice; below 0 it should have ended.",
    )

    @api.depends("notice_end_date", "company_id")
    @api.depends_context("uid")
    def _compute_days_to_notice_end(self):
        self._compute_days_until("notice_end_date", "days_to_notice_end")

    @api.model
    def _search_days_to_notice_end(self, operator, value):
        return self._search_days_until("notice_end_date", operator, value)

    def _without_ledger(self, vals):
        vals = super()._without_ledger(vals)
        if self.env.su:
            return vals
        return {name: vals[name] for name in vals if name not in STORED}

    def _check_may_decide(self):
        """Let those pass who may change the subscriptions, and our managers.

        :raise AccessError: the user is neither
        """
        self.check_access("read")
        if not self.env.user.has_group(MANAGER):
            self.check_access("write")

    def action_record_notice(self):
        """Open the form of a new notice."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Record Notice"),
            "res_model": "subscription.notice",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_subscription_id": self.id,
                "default_date": self.company_id._subscription_today(),
            },
        }

    def action_withdraw_notice(self):
        """Take the open notice back."""
        notices = self.notice_ids.filtered(lambda notice: notice.state == "open")
        notices.action_withdraw()
