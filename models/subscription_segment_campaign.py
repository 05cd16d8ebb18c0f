# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models


class SubscriptionSegment(models.Model):
    """What is written to a segment, and what was."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.segment"

    content_ids = fields.One2many(
        comodel_name="subscription.content",
        inverse_name="segment_id",
        string="Personalised Content",
        copy=True,
        help="What is said and offered to those who are in the segment.",
    )
    campaign_ids = fields.One2many(
        comodel_name="subscription.campaign",
        inverse_name="segment_id",
        string="Campaigns",
    )
    campaign_count = fields.Integer(compute="_compute_campaign_count")

    @api.depends("campaign_ids")
    def _compute_campaign_count(self):
        counts = dict(
            self.env["subscription.campaign"]._read_group(
                [("segment_id", "in", self.ids)], ["segment_id"], ["__count"]
            )
        )
        for segment in self:
            segment.campaign_count = counts.get(segment._origin, 0)

    def _content_message(self):
        """Return the e-mail that is meant for all who are in the segment, if any.

        That of a company is not for those of another: where several are chosen, one
        that is for all of them.
        """
        companies = self.company_id or self.env.companies
        rows = self.sudo().content_ids.filtered_domain(
            [
                ("active", "=", True),
                ("lifecycle_stage", "=", False),
                (
                    "company_id",
                    "in",
                    [False, companies.id if len(companies) == 1 else 0],
                ),
                ("mail_template_id", "!=", False),
            ]
        )
        return rows.sorted()[:1].mail_template_id

    def action_open_campaigns(self):
        """Show the campaigns that were meant for the segment."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_segmentation.subscription_campaign_action"
        )
        return action | {"domain": [("segment_id", "=", self.id)], "context": {}}

    def action_email_campaign(self):
        """Write an e-mail to whoever is in the segment when it is sent."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_segmentation.subscription_campaign_email_action"
        )
        return action | {"context": {"default_segment_id": self.id}}
