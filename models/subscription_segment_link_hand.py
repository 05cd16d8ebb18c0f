# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.fields import Command
from odoo.tools import SQL

from .subscription_segment_link_sync import KINDS


class SubscriptionSegmentLink(models.Model):
    """Tags that a person sets or takes on many records at once.

    Here we know what the database cannot tell of a write: that a person wants a tag
    which a segment has set already. It becomes the person's, and stays.
    """

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.segment.link"

    @api.model
    def _pairs(self, kind, ids, tags):
        """Return the set of (record id, tag id) that are there."""
        table, record, tag = KINDS[kind].relation(self.env)
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT %(record)s, %(tag)s FROM %(table)s"
                " WHERE %(record)s = ANY(%(ids)s) AND %(tag)s = ANY(%(tags)s)",
                table=table,
                record=record,
                tag=tag,
                ids=list(ids),
                tags=list(tags),
            )
        )
        return set(rows)

    @api.model
    def _change_owner(self, kind, pairs, old, new):
        """Have links be a person's, or ours again.

        :param pairs: (record id, tag id)
        :param old: the state in which they must be: ``owned`` or ``found``
        :return: the set of those pairs that were
        """
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE subscription_segment_link AS link
                   SET state = %(new)s
                  FROM unnest(%(ids)s::int[], %(tags)s::int[]) AS pair (id, tag_id)
                 WHERE link.kind = %(kind)s AND link.state = %(old)s
                   AND link.res_id = pair.id AND link.tag_id = pair.tag_id
             RETURNING link.res_id, link.tag_id
                """,
                kind=kind,
                old=old,
                new=new,
                ids=[pair[0] for pair in pairs],
                tags=[pair[1] for pair in pairs],
            )
        )
        self.invalidate_model()
        return set(rows)

    @api.model
    def _would_change(self, kind, records, tags, action):
        """Return the ids of the records that adding or removing tags changes."""
        there = self._pairs(kind, records.ids, tags.ids)
        if action == "remove":
            return {id_ for id_, _tag in there}
        owned = self._owned(kind, records.ids)
        return {
            id_
            for id_ in records.ids
            for tag in tags.ids
            if (id_, tag) not in there or tag in owned.get(id_, ())
        }

    @api.model
    def _tag(self, kind, records, tags):
        """Tag records for a person.

        :return: ``{record id: [[tag id, was]]}``, where it was *ours*, *removed* by a
            person from what a segment wants, or *new*
        """
        pairs = {(id_, tag) for id_ in records.ids for tag in tags.ids}
        missing = pairs - self._pairs(kind, records.ids, tags.ids)
        claimed = self._change_owner(kind, pairs - missing, "owned", "found")
        removed = {
            (link.res_id, link.tag_id)
            for link in self.search(
                [
                    ("kind", "=", kind),
                    ("res_id", "in", records.ids),
                    ("tag_id", "in", tags.ids),
                    ("state", "=", "removed"),
                ]
            )
        }
        self._write_pairs(kind, missing, Command.link)
        result = {}
        for pair in sorted(missing | claimed):
            was = "removed" if pair in removed else "new"
            result.setdefault(pair[0], []).append(
                [pair[1], "ours" if pair in claimed else was]
            )
        return result

    @api.model
    def _untag(self, kind, records, tags):
        """Take tags away for a person.

        :return: ``{record id: [[tag id, whether it was ours]]}`` of those there were
        """
        there = self._pairs(kind, records.ids, tags.ids)
        owned = self._owned(kind, records.ids)
        self._write_pairs(kind, there, Command.unlink)
        result = {}
        for id_, tag in sorted(there):
            result.setdefault(id_, []).append([tag, tag in owned.get(id_, ())])
        return result

    @api.model
    def _undo_tag(self, kind, done):
        """Take back what :meth:`_tag` did; what a segment wants too stays, as ours."""
        pairs = {(id_, tag): was for id_, tags in done.items() for tag, was in tags}
        wanted = [pair for pair, was in pairs.items() if was != "removed"]
        stay = self._change_owner(kind, wanted, "found", "owned")
        there = self._pairs(kind, done, {tag for _id, tag in pairs})
        self._write_pairs(kind, there & (pairs.keys() - stay), Command.unlink)

    @api.model
    def _undo_untag(self, kind, done):
        """Take back what :meth:`_untag` did."""
        pairs = {(id_, tag) for id_, tags in done.items() for tag, _ours in tags}
        there = self._pairs(kind, done, {tag for _id, tag in pairs})
        self._write_pairs(kind, pairs - there, Command.link)
        ours = {(id_, tag) for id_, tags in done.items() for tag, ours in tags if ours}
        self._change_owner(kind, ours - there, "found", "owned")

    @api.model
    def _write_pairs(self, kind, pairs, command):
        """Set or take tags, as a person's write does: links see it at once."""
        records = self.env[KINDS[kind].model].with_context(active_test=False)
        existing = set(
            KINDS[kind].tags(self.env).browse(tag for _id, tag in pairs).exists().ids
        )
        by_tag = {}
        for id_, tag in sorted(pairs):
            by_tag.setdefault(tag, []).append(id_)
        for tag, ids in by_tag.items():
            if tag in existing:
                records.browse(ids).exists().write({KINDS[kind].field: [command(tag)]})
