# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain

USER = "subscription_segmentation.group_user"


class SubscriptionSegmented(models.AbstractModel):
    """The segments that a subscription, or a customer by one of its own, is in."""

    _name = "subscription.segmented"
    _description = "Segments of a Subscription or a Customer"

    segment_ids = fields.Many2many(
        comodel_name="subscription.segment",
        string="Segments",
        compute="_compute_segment_ids",
        search="_search_segment_ids",
        groups=USER,
        help="The segments it is in now.",
    )

    #: Which field of a membership leads to the model.
    _membership_link = None
    #: Which field of the model leads to memberships.
    _membership_path = None

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_segment_ids(self):
        Membership = self.env["subscription.segment.membership"]
        link = self._membership_link
        rows = Membership._read_group(
            Domain(link, "in", self.ids) & Membership._of_members(),
            [link],
            ["segment_id:recordset"],
        )
        segments = {record.id: some for record, some in rows}
        for record in self:
            # Archived segments have no members.
            some = segments.get(record._origin.id, self.env["subscription.segment"])
            record.segment_ids = some.sorted()

    @api.model
    def _search_segment_ids(self, operator, value):
        Membership = self.env["subscription.segment.membership"]
        if operator not in ("in", "any"):
            return NotImplemented
        members = Membership._of_members()
        if operator == "any":
            found = members & Domain("segment_id", "any", value)
            return Domain(self._membership_path, "any", found)
        found = members & Domain("segment_id", "in", [id_ for id_ in value if id_])
        domain = Domain(self._membership_path, "any", found)
        if False in value:
            domain |= ~Domain(self._membership_path, "any", members)
        return domain
