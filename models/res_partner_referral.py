# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL


class ResPartner(models.Model):
    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "res.partner"

    referred_by_id = fields.Many2one(
        comodel_name="res.partner",
        string="Referring Contact",
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="Who recommended us to this contact. New leads and subscriptions of it "
        "take it over.",
    )

    @api.constrains("referred_by_id")
    def _check_referred_by_id(self):
        for partner in self:
            if partner == partner.referred_by_id:
                raise ValidationError(
                    self.env._("%s cannot be referred by itself.", partner.display_name)
                )

    def _forget_referrals_among(self):
        """Take referrals of these partners by each other away: they become one."""
        for name, column in (
            ("res.partner", "id"),
            ("crm.lead", "partner_id"),
            ("sale.subscription", "partner_id"),
        ):
            records = self.env[name]
            records.flush_model(["referred_by_id"])
            self.env.cr.execute(
                SQL(
                    "UPDATE %(table)s SET referred_by_id = NULL WHERE"
                    " referred_by_id = ANY(%(ids)s) AND %(column)s = ANY(%(ids)s)",
                    table=SQL.identifier(records._table),
                    column=SQL.identifier(column),
                    ids=self.ids,
                )
            )
            records.invalidate_model(["referred_by_id"])
