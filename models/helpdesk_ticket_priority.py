# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from operator import itemgetter

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import split_every

from .subscription_segment_link_sync import Scope, raise_part, wishes, wishes_of

#: Tickets that are written at a time.
BATCH = 1000
#: Context flag of our own writes: they are no choice of a person.
RAISING = "subscription_priority_is_raised"


class HelpdeskTicket(models.Model):
    """The priority that the segments of the customer ask for.

    It is only raised, once a ticket and segment. A person who changes it after that has
    decided: we leave it alone for good, whoever enters whichever segment.
    """

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "helpdesk.ticket"

    subscription_priority_settled = fields.Boolean(
        string="Priority Decided",
        readonly=True,
        copy=False,
        help="A person changed the priority after segments had asked for one: they ask "
        "no more.",
    )

    def write(self, vals):
        if "priority" not in vals or self.env.context.get(RAISING):
            return super().write(vals)
        changed = self.filtered(lambda ticket: ticket.priority != vals["priority"])
        # First: what else is written may have segments ask.
        changed._settle_priority()
        return super().write(vals)

    def _settle_priority(self):
        raises = self.env["subscription.segment.raise"].sudo()
        asked = raises.search([("ticket_id", "in", self.ids)]).ticket_id
        asked.subscription_priority_settled = True

    def _follow_asked(self, asked, new):
        """Set tags and ask for priorities in one query."""
        asking = [(row[0], row[1], row[3]) for row in asked if row[3]]
        links = self.env["subscription.segment.link"]
        rows = links._sync_records(
            "ticket", self.ids, asked, new, more=raise_part(wishes_of(asking))
        )
        self._raise_to(rows)

    def _ask_for_priorities(self):
        """Raise the priority of these tickets to what segments ask for."""
        rows = self.env.execute_query(
            SQL(
                """
                WITH %s
                SELECT ticket_id, priority_before, priority_after, place, name
                  FROM asked
                """,
                raise_part(wishes(Scope(records=self.ids))),
            )
        )
        self._raise_to(rows)

    @api.model
    def _raise_to(self, rows):
        """Raise priorities and say why, in a note of the system's.

        Not in the name, or language, of whoever wrote the ticket.

        :param rows: those of :func:`raise_part`, of which the highest counts
        """
        rows = [row for row in rows if row[1] is None or row[2] > row[1]]
        if not rows:
            return
        partners = self.env["res.partner"].sudo()
        # What is read here, each new ticket waits for: that it exists is known.
        root = partners.browse(
            self.env["ir.model.data"]._xmlid_to_res_id("base.partner_root")
        )
        tickets = self.with_user(SUPERUSER_ID).with_context(
            **{RAISING: True}, lang=root.lang
        )
        highest = {}
        for ticket, before, after, _place, names in sorted(rows, key=itemgetter(3)):
            if ticket not in highest or after > highest[ticket][0]:
                highest[ticket] = (after, before, names)
        by_priority = {}
        for ticket, (after, *reason) in sorted(highest.items()):
            by_priority.setdefault(after, {})[ticket] = reason
        for priority, some in by_priority.items():
            for ids in split_every(BATCH, some):
                batch = tickets.browse(ids)
                batch.write({"priority": priority})
                batch._message_log_batch(
                    {id_: tickets._reason(priority, *some[id_]) for id_ in ids},
                    author_id=root.id,
                    email_from=root.email_formatted,
                )

    @api.model
    def _reason(self, priority, before, names):
        words = dict(self._fields["priority"]._description_selection(self.env))
        return self.env._(
            "Priority raised from %(before)s to %(after)s: the customer is in the "
            "segment %(segment)s.",
            before=words.get(before, "–"),
            after=words[priority],
            segment=names.get(self.env.lang) or names["en_US"],
        )
