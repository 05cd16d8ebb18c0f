# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError


class SubscriptionCampaign(models.Model):
    """What was done with many subscriptions at once, to whom, and what came of it."""

    _name = "subscription.campaign"
    _description = "Subscription Campaign"
    _inherit = ["mail.thread"]
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(required=True)
    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    kind = fields.Selection(
        selection="_selection_kind", required=True, readonly=True, string="Action"
    )
    segment_id = fields.Many2one(
        comodel_name="subscription.segment",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="Whom it was meant for, if not for a choice of subscriptions.",
    )
    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Started by",
        readonly=True,
        default=lambda self: self.env.user,
    )
    started_at = fields.Datetime(readonly=True, default=fields.Datetime.now)
    holdout_percent = fields.Integer(
        readonly=True,
        help="So many of a hundred customers were left out, to compare with.",
    )
    holdout_key = fields.Char(
        readonly=True, help="What the control group is drawn by, whatever the name."
    )
    member_ids = fields.One2many(
        comodel_name="subscription.campaign.member",
        inverse_name="campaign_id",
        string="Subscriptions",
    )
    undone_at = fields.Datetime(readonly=True)

    @api.model
    def _selection_kind(self):
        """Hook for the actions that leave a campaign: ``[(kind, label)]``.

        ``_undo_<kind>()`` takes back what one has done, where that can be.
        """
        return []

    @api.model
    def _begin(self, kind, name, reached, excluded, planned=False, **values):
        """Make the campaigns of what is done to subscriptions, one for each company.

        With a line in the chatter of each subscription that is reached.

        :param reached: the subscriptions that something is done with
        :param excluded: ``{subscription: reason}`` of those that were chosen in vain
        :param planned: it is done later, by what then tells of it itself
        :param values: more of the campaign
        :return: the campaigns
        """
        members = self.env["subscription.campaign.member"].sudo()
        campaigns = self.sudo()
        everyone = reached | reached.concat(*excluded)
        for company, some in everyone.sudo().grouped("company_id").items():
            campaign = self.sudo().create(
                {"name": name, "kind": kind, "company_id": company.id, **values}
            )
            members._insert(campaign, some & reached, excluded, planned=planned)
            campaigns |= campaign
            if not planned:
                campaign._tell(some & reached)
        return campaigns.sudo(False)

    def _tell(self, subscriptions):
        """Leave a line in the chatter of each subscription."""
        self.ensure_one()
        body = self.env._(
            "%(action)s: %(campaign)s",
            action=dict(self._fields["kind"]._description_selection(self.env))[
                self.kind
            ],
            campaign=self._get_html_link(),
        )
        subscriptions._message_log_batch(bodies=dict.fromkeys(subscriptions.ids, body))

    def action_undo(self):
        """Take back what was done, as far as nature allows.

        :raise UserError: it was done already, or what was done cannot be undone
        """
        for campaign in self:
            undo = getattr(campaign, f"_undo_{campaign.kind}", None)
            if campaign.undone_at or not undo:
                raise UserError(
                    self.env._("%s cannot be undone (any more).", campaign.name)
                )
            campaign.member_ids.subscription_id._check_may_decide()
            undo()
            campaign.sudo().undone_at = fields.Datetime.now()
