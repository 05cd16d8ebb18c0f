# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The SQL that brings tags and wishes for a priority to what memberships say.

All is set-wise: what a statement looks at is given by a :class:`Scope`.
"""

from typing import NamedTuple

from odoo.tools import SQL


class Kind(NamedTuple):
    """What can be tagged: a model, its tags, and what a segment says of them."""

    name: str
    model: str
    field: str
    switch: str
    tag: str

    def relation(self, env):
        """Return SQL of the table of the links, and of its two columns."""
        field = env[self.model]._fields[self.field]
        names = (field.relation, field.column1, field.column2)
        return tuple(SQL.identifier(name) for name in names)

    def tags(self, env):
        """Return the model of the tags, with archived ones, for the addon itself."""
        tags = env[env[self.model]._fields[self.field].comodel_name]
        return tags.sudo().with_context(active_test=False)


KINDS = {
    kind.name: kind
    for kind in (
        Kind("partner", "res.partner", "category_id", "tag_partners", "partner_tag_id"),
        Kind("lead", "crm.lead", "tag_ids", "tag_leads", "lead_tag_id"),
        Kind("ticket", "helpdesk.ticket", "tag_ids", "tag_tickets", "ticket_tag_id"),
        Kind(
            "subscription",
            "sale.subscription",
            "tag_ids",
            "tag_subscriptions",
            "subscription_tag_id",
        ),
    )
}


class Scope(NamedTuple):
    """What is looked at: what some segments set, or what is set on some records.

    A company leaves out the records of others, but not partners, which have none.
    """

    segments: list[int] | None = None
    company: int | None = None
    records: list[int] | None = None

    def rows(self, alias):
        """Return SQL that a row of ours lies in the scope."""
        if self.records is not None:
            return SQL("%s = ANY(%s)", SQL.identifier(alias, "res_id"), self.records)
        return SQL("%s = ANY(%s)", SQL.identifier(alias, "segment_id"), self.segments)


#: The record of a member, and the condition on which we touch it.
RECORDS = {
    "partner": SQL("res_partner record ON record.id = customer.partner_id"),
    # One without a company has a customer in a database of one company only.
    "lead": SQL(
        """crm_lead record ON record.subscription_customer_id = customer.id
           AND COALESCE(record.company_id, customer.company_id)
               = subscription.company_id"""
    ),
    "ticket": SQL(
        """helpdesk_ticket record ON record.subscription_customer_id = customer.id
           AND record.company_id = subscription.company_id"""
    ),
    "subscription": SQL("sale_subscription record ON record.id = subscription.id"),
}
OPEN = {
    "partner": SQL("TRUE"),
    "lead": SQL("(record.active AND record.won_status = 'pending')"),
    "ticket": SQL(
        """(record.active AND NOT EXISTS (
                SELECT FROM helpdesk_ticket_stage stage
                 WHERE stage.id = record.stage_id AND stage.closed))"""
    ),
    "subscription": SQL("TRUE"),
}


def members(kind, scope):
    """Return SQL that joins segments with the open records of their members.

    Aliases: segment, record. A partner has no company: only the segments that are
    valid for all companies have partners.
    """
    valid = SQL("segment.company_id IS NULL")
    conditions = [OPEN[kind]]
    if kind != "partner":
        valid = SQL("(%s OR segment.company_id = subscription.company_id)", valid)
        if scope.company is not None:
            conditions.append(SQL("subscription.company_id = %s", scope.company))
    if scope.segments is not None:
        conditions.append(SQL("segment.id = ANY(%s)", scope.segments))
    if scope.records is not None:
        conditions.append(SQL("record.id = ANY(%s)", scope.records))
    return SQL(
        """
          FROM subscription_segment_membership membership
          JOIN subscription_segment segment
            ON segment.id = membership.segment_id AND segment.active
          JOIN sale_subscription subscription
            ON subscription.id = membership.subscription_id
           AND subscription.company_id = membership.company_id
     %(outer)s JOIN subscription_customer customer
            ON customer.id = subscription.customer_id
          JOIN %(record)s
         WHERE membership.date_to IS NULL AND membership.kind <> 'pinned_out'
           AND %(valid)s AND %(conditions)s
        """,
        outer=SQL("LEFT" if kind == "subscription" else ""),
        record=RECORDS[kind],
        valid=valid,
        conditions=SQL(" AND ").join(conditions),
    )


def see_hands(env, kind, scope):
    """Find what persons have tagged and untagged since we looked last.

    A link of ours, or one that we found, that is not there any more was taken away. One
    that is there again without us was set by a person.
    """
    table, record, tag = KINDS[kind].relation(env)
    return SQL(
        """
        UPDATE subscription_segment_link AS link
           SET state = CASE WHEN relation.%(tag)s IS NULL THEN 'removed'
                            ELSE 'found' END
          FROM subscription_segment_link AS own
     LEFT JOIN %(table)s relation
            ON relation.%(record)s = own.res_id AND relation.%(tag)s = own.tag_id
         WHERE link.id = own.id AND own.kind = %(kind)s AND %(rows)s
           AND CASE WHEN relation.%(tag)s IS NULL THEN own.state <> 'removed'
                    ELSE own.state = 'removed' AND NOT EXISTS (
                        SELECT FROM subscription_segment_link other
                         WHERE other.kind = own.kind AND other.res_id = own.res_id
                           AND other.tag_id = own.tag_id AND other.state = 'owned')
               END
        """,
        table=table,
        record=record,
        tag=tag,
        kind=kind,
        rows=scope.rows("own"),
    )


def _wanted(kind, scope):
    return SQL(
        """
        SELECT DISTINCT record.id AS res_id, segment.%(tag)s AS tag_id,
               segment.id AS segment_id
          %(members)s
           AND segment.%(switch)s AND segment.%(tag)s IS NOT NULL
        """,
        tag=SQL.identifier(KINDS[kind].tag),
        switch=SQL.identifier(KINDS[kind].switch),
        members=members(kind, scope),
    )


def asked_of(kind, customers):
    """Return SQL of what segments ask for the records of customers of a kind.

    A small query: most customers are in no segment that asks for anything.
    """
    tag, switch = KINDS[kind].tag, KINDS[kind].switch
    wish = SQL("segment.ticket_priority" if kind == "ticket" else "NULL::varchar")
    return SQL(
        """
        SELECT DISTINCT subscription.customer_id, segment.id,
               CASE WHEN segment.%(switch)s THEN segment.%(tag)s END, %(wish)s
          FROM sale_subscription subscription
          JOIN subscription_segment_membership membership
            ON membership.subscription_id = subscription.id
           AND membership.company_id = subscription.company_id
           AND membership.date_to IS NULL AND membership.kind <> 'pinned_out'
          JOIN subscription_segment segment
            ON segment.id = membership.segment_id AND segment.active
           AND (segment.company_id IS NULL
                OR segment.company_id = subscription.company_id)
         WHERE subscription.customer_id = ANY(%(customers)s)
           AND (segment.%(switch)s AND segment.%(tag)s IS NOT NULL
                OR %(wish)s IS NOT NULL)
        """,
        switch=SQL.identifier(switch),
        tag=SQL.identifier(tag),
        wish=wish,
        customers=customers,
    )


def wanted_of(env, kind, rows):
    """Return SQL of the links that open records of a kind are to have.

    :param rows: (record id, tag id, segment id)
    """
    return SQL(
        """
        SELECT wanted.res_id, wanted.tag_id, wanted.segment_id
          FROM unnest(%(ids)s::int[], %(tags)s::int[], %(segments)s::int[])
               AS wanted (res_id, tag_id, segment_id)
          JOIN %(records)s record ON record.id = wanted.res_id
         WHERE %(open)s
        """,
        ids=[row[0] for row in rows],
        tags=[row[1] for row in rows],
        segments=[row[2] for row in rows],
        records=SQL.identifier(env[KINDS[kind].model]._table),
        open=OPEN[kind],
    )


def new_link_parts(env, kind, wanted):
    """Return the parts of a WITH that add the links of records just made.

    Nothing of ours is there, unless they were written while they were made, which has
    set it all; what else is there a person has set.
    """
    table, record, tag = KINDS[kind].relation(env)
    return SQL(
        """
        wanted AS (%(wanted)s),
        entering AS (
            INSERT INTO subscription_segment_link
                   (kind, res_id, tag_id, segment_id, state)
            SELECT %(kind)s, wanted.res_id, wanted.tag_id, wanted.segment_id,
                   CASE WHEN EXISTS (
                        SELECT FROM %(table)s relation
                         WHERE relation.%(record)s = wanted.res_id
                           AND relation.%(tag)s = wanted.tag_id)
                        THEN 'found' ELSE 'owned' END
              FROM wanted
                ON CONFLICT DO NOTHING
         RETURNING res_id, tag_id, state
        ),
        added AS (
            INSERT INTO %(table)s (%(record)s, %(tag)s)
            SELECT DISTINCT res_id, tag_id
              FROM entering
             WHERE state = 'owned'
         RETURNING %(record)s AS res_id
        ),
        taken AS (SELECT NULL::int AS res_id WHERE FALSE)
        """,
        wanted=wanted,
        kind=kind,
        table=table,
        record=record,
        tag=tag,
    )


def link_parts(env, kind, scope, wanted=None):
    """Return the parts of a WITH that add and take the links of a kind.

    The last two, *added* and *taken*, return the records whose tags changed. Who comes
    to where a person's link is already has found it; who comes to where another segment
    has set it owns it too. A link goes with the last one that owns it. Records that are
    closed are left as they are, what is left of deleted ones is forgotten.

    :param wanted: SQL of the links that are to be there (None: by memberships)
    """
    table, record, tag = KINDS[kind].relation(env)
    kept = SQL("NOT %s", OPEN[kind])
    if scope.company is not None and kind != "partner":
        kept = SQL("(%s OR record.company_id <> %s)", kept, scope.company)
    return SQL(
        """
        wanted AS MATERIALIZED (%(wanted)s),
        known AS MATERIALIZED (
            SELECT id, res_id, tag_id, segment_id
              FROM subscription_segment_link own
             WHERE kind = %(kind)s AND %(rows)s
        ),
        entering AS (
            INSERT INTO subscription_segment_link
                   (kind, res_id, tag_id, segment_id, state)
            SELECT %(kind)s, wanted.res_id, wanted.tag_id, wanted.segment_id,
                   CASE WHEN relation.%(tag)s IS NULL OR EXISTS (
                        SELECT FROM subscription_segment_link other
                         WHERE other.kind = %(kind)s AND other.res_id = wanted.res_id
                           AND other.tag_id = wanted.tag_id AND other.state = 'owned')
                        THEN 'owned' ELSE 'found' END
              FROM wanted
         LEFT JOIN known
             USING (res_id, tag_id, segment_id)
         LEFT JOIN %(table)s relation
                ON relation.%(record)s = wanted.res_id
               AND relation.%(tag)s = wanted.tag_id
             WHERE known.id IS NULL
                ON CONFLICT DO NOTHING
         RETURNING res_id, tag_id, state
        ),
        leaving AS (
            DELETE FROM subscription_segment_link link
             USING known
         LEFT JOIN wanted
             USING (res_id, tag_id, segment_id)
             WHERE link.id = known.id AND wanted.res_id IS NULL
               AND NOT EXISTS (SELECT FROM %(records)s record
                                WHERE record.id = known.res_id AND %(kept)s)
         RETURNING link.id, link.res_id, link.tag_id, link.state
        ),
        added AS (
            INSERT INTO %(table)s (%(record)s, %(tag)s)
            SELECT DISTINCT res_id, tag_id
              FROM entering
             WHERE state = 'owned'
                ON CONFLICT DO NOTHING
         RETURNING %(record)s AS res_id
        ),
        taken AS (
            DELETE FROM %(table)s relation
             USING leaving
             WHERE leaving.state = 'owned'
               AND relation.%(record)s = leaving.res_id
               AND relation.%(tag)s = leaving.tag_id
               AND NOT EXISTS (
                    SELECT FROM entering
                     WHERE entering.res_id = leaving.res_id
                       AND entering.tag_id = leaving.tag_id
                       AND entering.state = 'owned')
               AND NOT EXISTS (
                    SELECT FROM subscription_segment_link other
                     WHERE other.kind = %(kind)s AND other.res_id = leaving.res_id
                       AND other.tag_id = leaving.tag_id AND other.state = 'owned'
                       AND NOT EXISTS (
                            SELECT FROM leaving AS gone WHERE gone.id = other.id))
         RETURNING relation.%(record)s AS res_id
        )
        """,
        wanted=wanted or _wanted(kind, scope),
        kind=kind,
        rows=scope.rows("own"),
        table=table,
        record=record,
        tag=tag,
        records=SQL.identifier(env[KINDS[kind].model]._table),
        kept=kept,
    )


#: A ticket that a segment has not asked for yet, whose team lets us raise it, and whose
#: priority no person has decided on since we did.
MAY_RAISE = SQL(
    """
    NOT COALESCE(record.subscription_priority_settled, FALSE)
    AND NOT EXISTS (
        SELECT FROM helpdesk_ticket_team team
         WHERE team.id = record.team_id AND NOT team.raise_subscription_priority)
    AND NOT EXISTS (
        SELECT FROM subscription_segment_raise raised
         WHERE raised.ticket_id = record.id AND raised.segment_id = segment.id)
    """
)


def wishes(scope):
    """Return SQL of the priorities that segments ask for and have not asked for yet."""
    return SQL(
        """
        SELECT DISTINCT record.id AS ticket_id, segment.id AS segment_id,
               record.priority AS before, segment.ticket_priority AS wish
          %s
           AND segment.ticket_priority IS NOT NULL AND %s
        """,
        members("ticket", scope),
        MAY_RAISE,
    )


def wishes_of(rows):
    """Return SQL of the same for some tickets.

    :param rows: (ticket id, segment id, priority asked for)
    """
    return SQL(
        """
        SELECT record.id AS ticket_id, segment.id AS segment_id,
               record.priority AS before, segment.wish
          FROM unnest(%(ids)s::int[], %(segments)s::int[], %(wishes)s::varchar[])
               AS segment (ticket_id, id, wish)
          JOIN helpdesk_ticket record ON record.id = segment.ticket_id
         WHERE %(open)s AND %(may)s
        """,
        ids=[row[0] for row in rows],
        segments=[row[1] for row in rows],
        wishes=[row[2] for row in rows],
        open=OPEN["ticket"],
        may=MAY_RAISE,
    )


def raise_part(wishes):
    """Return the part *asked* of a WITH that writes down who asks for a priority.

    It returns ticket_id, priority_before, priority_after, the place of the segment (its
    sequence and id) and its name in all languages.

    :param wishes: SQL of what is asked for
    """
    return SQL(
        """
        asked AS (
            INSERT INTO subscription_segment_raise
                   (ticket_id, segment_id, priority_before, priority_after,
                    create_date)
            SELECT ticket_id, segment_id, before, GREATEST(before, wish),
                   now() AT TIME ZONE 'UTC'
              FROM (%s) AS wishes
                ON CONFLICT DO NOTHING
         RETURNING ticket_id, priority_before, priority_after,
                   (SELECT ARRAY[segment.sequence, segment.id]
                      FROM subscription_segment segment
                     WHERE segment.id = segment_id) AS place,
                   (SELECT segment.name
                      FROM subscription_segment segment
                     WHERE segment.id = segment_id) AS name
        )
        """,
        wishes,
    )
