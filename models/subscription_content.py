# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..analytics.lifecycle import STAGES
from .subscription_score import STAGE_LABELS


class SubscriptionContent(models.Model):
    """What is said and offered to whom: by segment and lifecycle stage.

    Of each kind (message, offer, tip) a subscription gets that of the first row, by
    their order, that fits it and has one.
    """

    _name = "subscription.content"
    _description = "Personalised Content"
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10, help="The first row that fits wins.")
    company_id = fields.Many2one(
        comodel_name="res.company",
        compute="_compute_company_id",
        store=True,
        precompute=True,
        readonly=False,
        index=True,
        help="Empty: for the subscriptions of all companies.",
    )
    segment_id = fields.Many2one(
        comodel_name="subscription.segment",
        check_company=True,
        index="btree_not_null",
        # Without it the row would be for everybody.
        ondelete="cascade",
        help="For those who are in it. Empty: whatever segments they are in.",
    )
    lifecycle_stage = fields.Selection(
        selection=[(name, STAGE_LABELS[name]) for name in STAGES],
        string="Lifecycle",
        help="For those who are at this stage. Empty: at any.",
    )
    mail_template_id = fields.Many2one(
        comodel_name="mail.template",
        string="Message",
        domain=[("model", "=", "sale.subscription")],
        ondelete="set null",
        help="What an e-mail campaign begins with: one to the segment, or to "
        "subscriptions that all have this message.",
    )
    offer_id = fields.Many2one(
        comodel_name="subscription.offer",
        check_company=True,
        ondelete="set null",
        help="Passed over on days on which it is not made.",
    )
    tip = fields.Text(
        translate=True,
        help="A sentence or two on what to try next, as the customer reads it: "
        "object.content_tip in mailings and journeys.",
    )

    @api.depends("segment_id")
    def _compute_company_id(self):
        """Follow the segment, if it is one of a company."""
        for row in self:
            row.company_id = row.segment_id.company_id or row.company_id

    @api.constrains("mail_template_id", "offer_id", "tip")
    def _check_content(self):
        """Refuse rows that say nothing."""
        for row in self:
            if not (row.mail_template_id or row.offer_id or row.tip):
                raise ValidationError(
                    self.env._("%s needs a message, an offer or a tip.", row.name)
                )

    @api.constrains("mail_template_id")
    def _check_template(self):
        """Refuse e-mails about anything but subscriptions."""
        for template in self.mail_template_id.sudo():
            if template.model != "sale.subscription":
                raise ValidationError(
                    self.env._(
                        "%s is no e-mail about subscriptions.", template.display_name
                    )
                )

    def _fits(self, company, stage, segment_ids):
        """Return whether the row is for such a subscription."""
        return (
            (not self.company_id or self.company_id == company)
            and (not self.lifecycle_stage or self.lifecycle_stage == stage)
            and (not self.segment_id or self.segment_id.id in segment_ids)
        )
