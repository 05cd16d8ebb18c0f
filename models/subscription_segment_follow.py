# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging

import psycopg2

from odoo import api, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL
from odoo.tools.misc import split_every

from .helpdesk_ticket_priority import BATCH
from .subscription_segment_link_sync import KINDS, Scope, wishes

_logger = logging.getLogger(__name__)


class SubscriptionSegment(models.Model):
    """What follows from memberships: tags and the priority of tickets."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.segment"

    def _follow(self, company, subscriptions=None, raising=True):
        failed = super()._follow(company, subscriptions, raising)
        if subscriptions is None:
            self._sync_links(company)
            if raising:
                failed += self._raise_priorities(company)
            return failed
        subscriptions = subscriptions.sudo()
        subscriptions._follow_segments()
        subscriptions.customer_id._follow_segments()
        return failed

    def _sync_links(self, company=None):
        """Bring the tags that segments set to their memberships, set-wise.

        Of a company, and of partners, which have none; an archived segment, one that
        sets no tag any more, or another one, loses what it has set.

        :param company: None: of all companies
        """
        if not self:
            return
        links = self.env["subscription.segment.link"].sudo()
        self.env.flush_all()
        scope = Scope(segments=self.ids, company=company and company.id)
        for kind in self._kinds_to_sync():
            links._sync(kind, scope, sharing=self._sharing_tag(kind).ids)

    def _kinds_to_sync(self):
        """Return the kinds of tags that segments set, or have set."""
        columns = SQL(", ").join(
            SQL(
                """
                bool_or(segment.active AND segment.%(switch)s
                        AND segment.%(tag)s IS NOT NULL)
                OR EXISTS (SELECT FROM subscription_segment_link
                            WHERE segment_id = ANY(%(ids)s) AND kind = %(kind)s)
                """,
                switch=SQL.identifier(kind.switch),
                tag=SQL.identifier(kind.tag),
                ids=self.ids,
                kind=kind.name,
            )
            for kind in KINDS.values()
        )
        [found] = self.env.execute_query(
            SQL(
                "SELECT %s FROM subscription_segment segment WHERE id = ANY(%s)",
                columns,
                self.ids,
            )
        )
        return [kind for kind, some in zip(KINDS, found, strict=True) if some]

    def _sharing_tag(self, kind):
        """Return these segments and those that set the same tags."""
        name = KINDS[kind].tag
        everyone = self.sudo().with_context(active_test=False)
        tags = everyone.mapped(name)
        return self | everyone.search([(name, "in", tags.ids)])

    def _raise_priorities(self, company):
        """Raise the priority of open tickets to what segments ask for.

        Each batch in a savepoint: a ticket that cannot be written stops no other.

        :return: ``[(ticket, error)]`` of those that failed
        """
        Ticket = self.env["helpdesk.ticket"].sudo()
        failed = []
        for ids in split_every(BATCH, self._tickets_to_raise(company)):
            failed += self._raise_some(Ticket.browse(ids))
        return failed

    def _tickets_to_raise(self, company, after=0, limit=None):
        """Return the ids of tickets for which these segments have not asked yet.

        In order, from the one after an id on.
        """
        if not any(segment.ticket_priority for segment in self):
            return []
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ticket_id FROM (%s) AS wishes
                 WHERE ticket_id > %s
              ORDER BY ticket_id LIMIT %s
                """,
                wishes(Scope(segments=self.ids, company=company.id)),
                after,
                limit,
            )
        )
        return [row[0] for row in rows]

    @api.model
    def _follow_written(self, company, since):
        """Have tags follow for the leads and tickets written lately.

        What is made while a segment is evaluated sees no membership of it that is not
        committed yet, and is not seen itself. Priorities are raised after that, when
        all memberships are there.
        """
        self.env.flush_all()
        links = self.env["subscription.segment.link"].sudo()
        for kind in ("lead", "ticket"):
            records = self.env[KINDS[kind].model].sudo().with_context(active_test=False)
            ids = records.search(
                [
                    ("company_id", "in", (company.id, False)),
                    ("subscription_customer_id", "!=", False),
                    ("write_date", ">=", since),
                ],
                order="id",
            ).ids
            for some in split_every(BATCH, ids):
                links._sync(kind, Scope(records=list(some)))

    def _raise_some(self, tickets):
        """Raise the priority of tickets; where some fail, of the others."""
        try:
            with self.env.cr.savepoint():
                tickets._ask_for_priorities()
            return []
        except (psycopg2.ProgrammingError, *PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
            raise
        except Exception as error:
            self.env.invalidate_all()
            if len(tickets) == 1:
                _logger.info("%s cannot be raised", tickets, exc_info=True)
                return [(tickets, error)]
        half = len(tickets) // 2
        return self._raise_some(tickets[:half]) + self._raise_some(tickets[half:])
