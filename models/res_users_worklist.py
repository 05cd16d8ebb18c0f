# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class ResUsers(models.Model):
    """A user may do without the weekly worklist."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "res.users"

    subscription_worklist_mail = fields.Boolean(
        string="Weekly Worklist",
        default=True,
        help="On Mondays an e-mail with the most urgent of your customers.",
    )

    @property
    def SELF_READABLE_FIELDS(self):
        return super().SELF_READABLE_FIELDS + ["subscription_worklist_mail"]

    @property
    def SELF_WRITEABLE_FIELDS(self):
        return super().SELF_WRITEABLE_FIELDS + ["subscription_worklist_mail"]
