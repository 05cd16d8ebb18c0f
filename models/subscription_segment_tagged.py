# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.fields import Command

from .subscription_segment_link_sync import KINDS, Scope, asked_of


class SubscriptionSegmentTagged(models.AbstractModel):
    """A record whose tags segments set, and persons too.

    What a person writes is seen at once; what is written otherwise, from the side of
    the tag for example, when links are brought to memberships the next time.
    """

    _name = "subscription.segment.tagged"
    _description = "Record With Tags of Segments"

    #: The name of the kind in :data:`KINDS`.
    _segment_kind = None
    #: What of the record decides on its tags.
    _segment_fields = ("active", "company_id", "subscription_customer_id")

    def write(self, vals):
        result = super().write(vals)
        if KINDS[self._segment_kind].field in vals and self.ids:
            links = self.env["subscription.segment.link"]
            links.sudo()._see_hands(self._segment_kind, self.ids)
        return result

    def copy_data(self, default=None):
        """Leave out the tags that are ours: a copy gets its own."""
        vals_list = super().copy_data(default)
        name = KINDS[self._segment_kind].field
        if name in (default or {}) or not self._fields[name].copy:
            return vals_list
        links = self.env["subscription.segment.link"].sudo()
        owned = links._owned(self._segment_kind, self.ids)
        for record, vals in zip(self, vals_list, strict=True):
            if record.id in owned:
                kept = set(record[name].ids) - owned[record.id]
                vals[name] = [Command.set(sorted(kept))]
        return vals_list

    def _follow_segments(self, new=False):
        """Bring the tags of some records to the memberships of their customers.

        At once, in the transaction that changes the records; for whoever does it.

        :param new: they have just been made: nothing can be known of them
        """
        if new:
            self = self.filtered("subscription_customer_id")
        if not self.ids:
            return
        self._flush_for_segments()
        if self._segment_kind in ("lead", "ticket"):
            asked = self._asked_by_segments()
            # Who neither gets anything nor has got anything is most often written.
            if asked or not new and self._known_to_segments():
                self.flush_recordset(self._segment_fields)
                self._follow_asked(asked, new)
            return
        self.flush_recordset(self._segment_fields)
        links = self.env["subscription.segment.link"]
        links._sync(self._segment_kind, Scope(records=self.ids))

    @api.model
    def _flush_for_segments(self):
        """Have the database know what the links and priorities depend on."""
        env = self.env
        env["helpdesk.ticket.stage"].flush_model(["closed"])
        env["helpdesk.ticket.team"].flush_model(["raise_subscription_priority"])
        env["subscription.segment"].flush_model()
        env["subscription.segment.membership"].flush_model()
        env["sale.subscription"].flush_model(["company_id", "customer_id"])
        env["subscription.customer"].flush_model(["partner_id"])

    def _asked_by_segments(self):
        """Return (record id, segment id, tag id, priority) that segments ask for."""
        by_customer = self.grouped("subscription_customer_id")
        by_customer.pop(self.env["subscription.customer"], None)
        ids = [customer.id for customer in by_customer]
        if not ids:
            return []
        rows = self.env.execute_query(asked_of(self._segment_kind, ids))
        customers = self.env["subscription.customer"]
        return [
            (record_id, *asked)
            for customer_id, *asked in rows
            for record_id in by_customer[customers.browse(customer_id)].ids
        ]

    def _known_to_segments(self):
        """Return whether segments have tagged one of the records, or tried to."""
        links = self.env["subscription.segment.link"]
        domain = [("kind", "=", self._segment_kind), ("res_id", "in", self.ids)]
        return bool(links.search_count(domain, limit=1))

    def _follow_asked(self, asked, new):
        """Set what segments ask for, and take what none asks for any more."""
        self.env["subscription.segment.link"]._sync_records(
            self._segment_kind, self.ids, asked, new
        )
