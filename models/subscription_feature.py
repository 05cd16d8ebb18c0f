# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models


class SubscriptionFeature(models.Model):
    """Something that customers use, by the code under which its use is reported."""

    _name = "subscription.feature"
    _description = "Subscription Feature"
    _order = "kind, name, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(
        required=True,
        copy=False,
        help="What a feed of usage calls it. A code of the company goes before the "
        "same code for all companies.",
    )
    kind = fields.Selection(
        selection=[("login", "Login"), ("feature", "Feature")],
        required=True,
        default="feature",
        help="Logins are counted on their own; the number of features used is that of "
        "the others.",
    )
    is_key = fields.Boolean(
        string="Key Feature",
        help="A customer who gives it up is likely to leave: key features that are no "
        "longer used are a signal of their own.",
    )
    active = fields.Boolean(
        default=True,
        help="No usage is accepted for an archived feature. What was counted stays.",
    )
    company_id = fields.Many2one(
        comodel_name="res.company", help="Empty: for all companies."
    )

    _code_unique = models.UniqueIndex(
        "(code, COALESCE(company_id, 0))",
        "A feature has one code, which must be unique: use the one that is there, "
        "perhaps in the archive.",
    )

    @api.model
    def _by_code(self, company):
        """Return ``{code: id}`` of what a company's usage may be reported for."""
        own = self.sudo().search([("company_id", "=", company.id)])
        shared = self.sudo().search([("company_id", "=", False)])
        return {feature.code: feature.id for feature in shared + own}
