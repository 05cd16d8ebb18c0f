# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Command
from odoo.tools import plaintext2html

from ..models.subscription_journey_delivery import REASONS


class SubscriptionJourneyTrial(models.TransientModel):
    """What a journey would do for one subscription; nothing is written or sent."""

    _name = "subscription.journey.trial"
    _description = "Trial of a Journey"

    journey_id = fields.Many2one(
        comodel_name="subscription.journey", required=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="journey_id.company_id")
    subscription_id = fields.Many2one(
        comodel_name="sale.subscription",
        domain="[('company_id', '=?', company_id)]",
        context={"active_test": False},
        required=True,
        ondelete="cascade",
    )
    anchor_date = fields.Date(
        string="Begins On",
        compute="_compute_anchor_date",
        store=True,
        precompute=True,
        readonly=False,
        help="The day that the steps count from.",
    )
    line_ids = fields.One2many(
        comodel_name="subscription.journey.trial.line",
        inverse_name="trial_id",
        string="Steps",
        readonly=True,
    )

    @api.depends("journey_id", "subscription_id")
    def _compute_anchor_date(self):
        """Propose today, or the day of the renewal that the journey is about."""
        for trial in self:
            company = trial.subscription_id.company_id or self.env.company
            renewal = (
                trial.journey_id.anchor == "renewal"
                and trial.subscription_id.next_renewal_date
            )
            trial.anchor_date = renewal or company._subscription_today()

    def action_show(self):
        """Show what each step would do."""
        self.ensure_one()
        outcomes = self.journey_id._try(self.subscription_id, self.anchor_date)
        self.line_ids = [
            Command.clear(),
            *(
                Command.create(
                    {
                        "step_id": outcome["step"].id,
                        "due_at": outcome["due_at"],
                        "action": outcome["action"],
                        "reason": outcome["reason"],
                        "partner_ids": [Command.set(outcome["partners"].ids)],
                        "subject": outcome["subject"],
                        "body": plaintext2html(outcome["body"] or "")
                        if outcome["step"].channel == "sms"
                        else outcome["body"],
                        "error": outcome["error"],
                    }
                )
                for outcome in outcomes
            ),
        ]
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Try on a Subscription"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
        }


class SubscriptionJourneyTrialLine(models.TransientModel):
    """What one step would do."""

    _name = "subscription.journey.trial.line"
    _description = "Step in a Trial of a Journey"
    _rec_name = "step_id"
    _order = "id"

    trial_id = fields.Many2one(
        comodel_name="subscription.journey.trial", required=True, ondelete="cascade"
    )
    step_id = fields.Many2one(
        comodel_name="subscription.journey.step", ondelete="cascade"
    )
    channel = fields.Selection(related="step_id.channel")
    due_at = fields.Datetime(string="Due")
    action = fields.Selection(
        selection=[
            ("go", "It is done"),
            ("skip", "It is skipped"),
            ("stop", "The journey stops"),
        ],
        string="As of Now",
    )
    reason = fields.Selection(selection=REASONS)
    partner_ids = fields.Many2many(comodel_name="res.partner", string="Recipients")
    subject = fields.Char()
    body = fields.Html(string="Text", sanitize="email_outgoing")
    error = fields.Text()
