# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class SubscriptionJourneyVariant(models.Model):
    """A text of an e-mail step; several are compared with each other by their weights.

    Rendered as bodies of mailings are, with the subscription as ``object``.
    """

    _name = "subscription.journey.variant"
    _description = "Text of a Journey's Step"
    _inherit = ["mail.render.mixin"]
    _order = "step_id, id"
    # Written by those who may edit templates, as templates of mailings are.
    _unrestricted_rendering = True

    step_id = fields.Many2one(
        comodel_name="subscription.journey.step",
        required=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="step_id.company_id", store=True)
    name = fields.Char(default="A", required=True)
    weight = fields.Integer(
        default=1, help="Its share of the subscriptions, against the others'."
    )
    subject = fields.Char(required=True, translate=True)
    body_html = fields.Html(
        string="Body",
        translate=True,
        render_engine="qweb",
        render_options={"post_process": True},
        sanitize="email_outgoing",
    )
    mailing_ids = fields.One2many(
        comodel_name="mailing.mailing",
        inverse_name="subscription_variant_id",
        string="Mailings",
    )

    _weight_check = models.Constraint(
        "CHECK (weight BETWEEN 1 AND 1000)", "A weight must be 1 to 1000."
    )

    def _compute_render_model(self):
        self.render_model = "sale.subscription"
