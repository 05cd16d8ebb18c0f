# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL

from ..signals.frame import whole_sets
from .subscription_segment_link_sync import (
    KINDS,
    Scope,
    link_parts,
    new_link_parts,
    see_hands,
    wanted_of,
)


class SubscriptionSegmentLink(models.Model):
    """Which tag on which record is there for which segment, and whose it is.

    What a person tagged before is not ours and stays; what a person took away stays
    away until the record's membership changes. Whoever adds by hand what we have set
    already does not make it theirs, as the database cannot tell.
    """

    _name = "subscription.segment.link"
    _description = "Tag Set by a Segment"
    _log_access = False

    kind = fields.Selection(
        selection=[
            ("partner", "Contact"),
            ("lead", "Lead"),
            ("ticket", "Ticket"),
            ("subscription", "Subscription"),
        ],
        required=True,
        readonly=True,
    )
    res_id = fields.Integer(string="Record", required=True, readonly=True)
    tag_id = fields.Integer(string="Tag", required=True, readonly=True)
    segment_id = fields.Many2one(
        comodel_name="subscription.segment",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    state = fields.Selection(
        selection=[
            ("owned", "Set by Us"),
            ("found", "Set by a Person"),
            ("removed", "Removed by a Person"),
        ],
        required=True,
        readonly=True,
    )

    _once = models.Constraint(
        "UNIQUE (kind, res_id, tag_id, segment_id)",
        "A segment sets a tag on a record once.",
    )
    _of_segment = models.Index("(segment_id, kind)")

    # --- following memberships --------------------------------------------------------

    @api.model
    def _sync(self, kind, scope, sharing=None):
        """Bring the links of a kind to what memberships say, set-wise.

        The caller has flushed what the database must know.

        :param sharing: ids of the segments that set the same tags as those in the scope
        """
        seen = scope._replace(segments=sharing)
        with whole_sets(self.env):
            self.env.cr.execute(see_hands(self.env, kind, seen))
            self._write_links(kind, link_parts(self.env, kind, scope))

    @api.model
    def _sync_records(self, kind, ids, asked, new, more=None):
        """Bring the links of some leads or tickets to what segments ask for.

        :param asked: (record id, segment id, tag id, priority) that segments ask for
        :param new: the records have just been made: nobody can have changed their tags
        :param more: SQL of a further part *asked* of the statement
        :return: the rows of that part
        """
        wanted = wanted_of(
            self.env, kind, [(row[0], row[2], row[1]) for row in asked if row[2]]
        )
        if new:
            return self._write_links(kind, new_link_parts(self.env, kind, wanted), more)
        scope = Scope(records=list(ids))
        self.env.cr.execute(see_hands(self.env, kind, scope))
        return self._write_links(kind, link_parts(self.env, kind, scope, wanted), more)

    @api.model
    def _write_links(self, kind, parts, more=None):
        nothing = SQL(
            """
            asked AS (SELECT NULL::int AS ticket_id, NULL AS priority_before,
                             NULL AS priority_after, NULL::int[] AS place,
                             NULL::jsonb AS name
                       WHERE FALSE)
            """
        )
        rows = self.env.execute_query(
            SQL(
                """
                WITH %(parts)s, %(more)s
                SELECT NULL, NULL, NULL, NULL, NULL
                 WHERE EXISTS (SELECT FROM added) OR EXISTS (SELECT FROM taken)
             UNION ALL
                SELECT ticket_id, priority_before, priority_after, place, name
                  FROM asked
                """,
                parts=parts,
                more=more or nothing,
            )
        )
        if any(row[0] is None for row in rows):
            self._forget_tags(kind)
        return [row for row in rows if row[0] is not None]

    @api.model
    def _forget_tags(self, kind):
        """Have the tags of a kind read again."""
        records = self.env[KINDS[kind].model]
        field = records._fields[KINDS[kind].field]
        records.invalidate_model([field.name])
        for inverse in records.pool.field_inverses[field]:
            self.env[inverse.model_name].invalidate_model([inverse.name])

    @api.model
    def _see_hands(self, kind, ids):
        """Find what a person has just tagged and untagged on some records."""
        self.env.cr.execute(see_hands(self.env, kind, Scope(records=list(ids))))

    @api.model
    def _owned(self, kind, ids):
        """Return ``{record id: ids of the tags that are ours}``."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT res_id, array_agg(tag_id)
                  FROM subscription_segment_link
                 WHERE kind = %s AND res_id = ANY(%s) AND state = 'owned'
              GROUP BY res_id
                """,
                kind,
                list(ids),
            )
        )
        return {res_id: set(tags) for res_id, tags in rows}

    # --- merging and going ------------------------------------------------------------

    @api.model
    def _merge_partners(self, sources, target):
        """Hand over what we know of the tags of partners that are about to be merged.

        What a person has tagged on any of them is the person's afterwards.
        """
        partners = [*sources.ids, target.id]
        table, record, tag = KINDS["partner"].relation(self.env)
        self._see_hands("partner", partners)
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO subscription_segment_link
                       (kind, res_id, tag_id, segment_id, state)
                SELECT 'partner', %(target)s, own.tag_id, own.segment_id,
                       CASE WHEN own.tag_id IN (
                            SELECT relation.%(tag)s
                              FROM %(table)s relation
                             WHERE relation.%(record)s = ANY(%(partners)s)
                               AND NOT EXISTS (
                                    SELECT FROM subscription_segment_link link
                                     WHERE link.kind = 'partner'
                                       AND link.res_id = relation.%(record)s
                                       AND link.tag_id = relation.%(tag)s
                                       AND link.state = 'owned')) THEN 'found'
                            WHEN bool_or(own.state = 'owned') THEN 'owned'
                            ELSE 'removed' END
                  FROM subscription_segment_link own
                 WHERE own.kind = 'partner' AND own.res_id = ANY(%(partners)s)
              GROUP BY own.tag_id, own.segment_id
                    ON CONFLICT (kind, res_id, tag_id, segment_id)
                    DO UPDATE SET state = EXCLUDED.state
                """,
                target=target.id,
                partners=partners,
                table=table,
                record=record,
                tag=tag,
            )
        )
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM subscription_segment_link
                 WHERE kind = 'partner' AND res_id = ANY(%s)
                """,
                sources.ids,
            )
        )
        self.invalidate_model()

    @api.model
    def _remove(self, segments=None):
        """Remove the links that are ours, and what we know of them.

        From closed tickets and leads too, as nothing will tell of them any more.

        :param segments: those that are about to go (None: all of them)
        """
        some = SQL("TRUE")
        if segments is not None:
            some = SQL("segment_id = ANY(%s)", segments.ids)
        self.env.flush_all()
        for kind in KINDS.values():
            table, record, tag = kind.relation(self.env)
            self.env.cr.execute(
                SQL(
                    """
                    WITH gone AS (
                        DELETE FROM subscription_segment_link
                         WHERE kind = %(kind)s AND %(some)s
                     RETURNING id, res_id, tag_id, state
                    )
                    DELETE FROM %(table)s relation
                     USING gone
                     WHERE gone.state = 'owned'
                       AND relation.%(record)s = gone.res_id
                       AND relation.%(tag)s = gone.tag_id
                       AND NOT EXISTS (
                            SELECT FROM subscription_segment_link other
                             WHERE other.kind = %(kind)s
                               AND other.res_id = gone.res_id
                               AND other.tag_id = gone.tag_id
                               AND other.state = 'owned'
                               AND NOT EXISTS (
                                    SELECT FROM gone AS too WHERE too.id = other.id))
                    """,
                    kind=kind.name,
                    some=some,
                    table=table,
                    record=record,
                    tag=tag,
                )
            )
            self._forget_tags(kind.name)
        self.invalidate_model()
