# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What customers asked the helpdesk and how they were served, as of a date.

Counted per customer: tickets of any contact of the commercial partner in the company.
A ticket knows its stage as it is now and when it last came into a closed one; what it
was before comes from the chatter, where it was kept. A rating that the customer changed
is known as it is now, from the day of the change on.
"""

import pandas as pd

from odoo.tools import SQL
from odoo.tools.translate import LazyTranslate

from .clock import end_of, local_day
from .frame import only, read
from .running import chosen, customers_of, of_customers, running_subscriptions
from .signal import Signal

# pylint: disable=prefer-env-translation
_lt = LazyTranslate(__name__)  # there is no environment yet

#: How long a closed ticket counts.
DAYS = 180

NO_TICKET = "When the company had no ticket at all yet."
NO_RATING = "When the customer rated none yet."
SIGNALS = (
    Signal(
        "tickets_opened_30d",
        "number",
        "",
        _lt("Tickets in 30 days"),
        _lt("Tickets that the customer opened in the last 30 days."),
        NO_TICKET,
    ),
    Signal(
        "tickets_opened_90d",
        "number",
        "",
        _lt("Tickets in 90 days"),
        _lt("Tickets that the customer opened in the last 90 days."),
        NO_TICKET,
    ),
    Signal(
        "tickets_open",
        "number",
        "",
        _lt("Open tickets"),
        _lt("Tickets of the customer that are not closed."),
        NO_TICKET,
    ),
    Signal(
        "oldest_open_days",
        "number",
        "days",
        _lt("Oldest open ticket"),
        _lt("Days since the oldest of the customer's open tickets was opened."),
        "When none is open.",
    ),
    Signal(
        "mean_hours_to_close",
        "number",
        "hours",
        _lt("Hours to close a ticket"),
        _lt(
            "From opening to closing, on average of the customer's tickets that were "
            "closed in the last 180 days."
        ),
        "When none was closed.",
    ),
    Signal(
        "tickets_reopened",
        "number",
        "",
        _lt("Reopened tickets"),
        _lt(
            "Tickets of the customer that came back from a closed stage to an open one "
            "in the last 180 days."
        ),
        NO_TICKET,
    ),
    Signal(
        "satisfaction_last",
        "number",
        "1 to 5",
        _lt("Last rating"),
        _lt("What the customer gave last for a ticket, 5 is best."),
        NO_RATING,
    ),
    Signal(
        "satisfaction_mean",
        "number",
        "1 to 5",
        _lt("Mean rating"),
        _lt("What the customer gave for tickets on average, 5 is best."),
        NO_RATING,
    ),
)
COUNTS = ["tickets_opened_30d", "tickets_opened_90d", "tickets_open"]


def support(env, company, as_of, ids=None, running=None):
    """Return :data:`SIGNALS` of running subscriptions.

    :param running: see :func:`.running.running_subscriptions`, if it is at hand
    """
    if running is None:
        running = running_subscriptions(env, company, as_of)
    for name in ("helpdesk.ticket", "helpdesk.ticket.stage", "rating.rating"):
        env[name].flush_model()
    own, customers = chosen(running, ids), customers_of(running, ids)
    result = of_customers(
        own,
        pd.concat(
            [
                source(env, company, as_of, customers)
                for source in (_tickets, _reopened, _ratings)
            ],
            axis="columns",
        ),
    )
    if _has_tickets(env, company, as_of):
        counts = [*COUNTS, "tickets_reopened"]
        result[counts] = result[counts].fillna(0.0)
    return result[[signal.name for signal in SIGNALS]]


def _has_tickets(env, company, as_of):
    """Return whether the company had any ticket on or before the date."""
    ((known,),) = env.execute_query(
        SQL(
            "SELECT EXISTS (SELECT FROM helpdesk_ticket"
            " WHERE company_id = %s AND create_date < %s)",
            company.id,
            end_of(company, as_of),
        )
    )
    return known


def _tickets(env, company, as_of, customers):
    """Return what the tickets of customers come to, indexed by customer id."""
    return read(
        env,
        SQL(
            """
            WITH ticket AS (
                SELECT ticket.id, ticket.subscription_customer_id, ticket.create_date,
                       ticket.closed_date, ticket.last_stage_update >= %(end)s AS moved,
                       COALESCE(stage.closed, FALSE) AS closed
                  FROM helpdesk_ticket ticket
             LEFT JOIN helpdesk_ticket_stage stage ON stage.id = ticket.stage_id
                 WHERE ticket.company_id = %(company)s
                   AND ticket.create_date < %(end)s
                   AND ticket.subscription_customer_id IS NOT NULL
                   AND %(only)s
            ), past AS (
                -- What the chatter says of those that moved after the date.
                SELECT ticket.id,
                       COALESCE(
                           (ARRAY_AGG(
                               COALESCE(new.closed, FALSE)
                               ORDER BY message.date DESC, tracked.id DESC
                           ) FILTER (WHERE message.date < %(end)s))[1],
                           (ARRAY_AGG(
                               COALESCE(old.closed, FALSE)
                               ORDER BY message.date, tracked.id
                           ))[1]
                       ) AS closed,
                       MAX(message.date) FILTER (
                           WHERE message.date < %(end)s AND new.closed
                       ) AS closed_date
                  FROM ticket
                  JOIN mail_message message
                    ON message.model = 'helpdesk.ticket' AND message.res_id = ticket.id
                  JOIN mail_tracking_value tracked
                    ON tracked.mail_message_id = message.id
                   AND tracked.field_id = %(stage)s
             LEFT JOIN helpdesk_ticket_stage old ON old.id = tracked.old_value_integer
             LEFT JOIN helpdesk_ticket_stage new ON new.id = tracked.new_value_integer
                 WHERE ticket.moved
              GROUP BY ticket.id
            ), known AS (
                SELECT ticket.subscription_customer_id AS id, ticket.create_date,
                       CASE WHEN past.id IS NOT NULL THEN past.closed
                            WHEN ticket.moved
                            THEN COALESCE(ticket.closed_date < %(end)s, FALSE)
                            ELSE ticket.closed
                       END AS closed,
                       CASE WHEN past.id IS NOT NULL THEN past.closed_date
                            ELSE ticket.closed_date
                       END AS closed_date
                  FROM ticket
             LEFT JOIN past USING (id)
            )
            SELECT id,
                   COUNT(*) FILTER (
                       WHERE create_date >= %(days_30)s
                   ) AS tickets_opened_30d,
                   COUNT(*) FILTER (
                       WHERE create_date >= %(days_90)s
                   ) AS tickets_opened_90d,
                   COUNT(*) FILTER (WHERE NOT closed) AS tickets_open,
                   %(today)s - %(oldest)s AS oldest_open_days,
                   AVG(EXTRACT(EPOCH FROM closed_date - create_date) / 3600) FILTER (
                       WHERE closed
                         AND closed_date >= create_date
                         AND closed_date >= %(since)s
                         AND closed_date < %(end)s
                   ) AS mean_hours_to_close
              FROM known
          GROUP BY id
            """,
            company=company.id,
            end=end_of(company, as_of),
            days_30=end_of(company, as_of, 30),
            days_90=end_of(company, as_of, 90),
            since=end_of(company, as_of, DAYS),
            today=as_of,
            oldest=local_day(
                company, SQL("(MIN(create_date) FILTER (WHERE NOT closed))")
            ),
            stage=_stage_field(env),
            only=only("ticket.subscription_customer_id", customers),
        ),
        {
            "id": "int64",
            **dict.fromkeys(COUNTS, "float64"),
            "oldest_open_days": "float64",
            "mean_hours_to_close": "float64",
        },
    ).set_index("id")


def _reopened(env, company, as_of, customers):
    """Return how many tickets of customers were reopened, indexed by customer id."""
    return read(
        env,
        SQL(
            """
            SELECT ticket.subscription_customer_id AS id,
                   COUNT(DISTINCT ticket.id) AS tickets_reopened
              FROM mail_tracking_value tracked
              JOIN helpdesk_ticket_stage old
                ON old.id = tracked.old_value_integer AND old.closed
              JOIN helpdesk_ticket_stage new
                ON new.id = tracked.new_value_integer AND new.closed IS NOT TRUE
              JOIN mail_message message ON message.id = tracked.mail_message_id
              JOIN helpdesk_ticket ticket ON ticket.id = message.res_id
             WHERE tracked.field_id = %(stage)s
               AND message.model = 'helpdesk.ticket'
               AND message.date >= %(since)s
               AND message.date < %(end)s
               AND ticket.company_id = %(company)s
               AND ticket.subscription_customer_id IS NOT NULL
               AND %(only)s
          GROUP BY ticket.subscription_customer_id
            """,
            company=company.id,
            since=end_of(company, as_of, DAYS),
            end=end_of(company, as_of),
            stage=_stage_field(env),
            only=only("ticket.subscription_customer_id", customers),
        ),
        {"id": "int64", "tickets_reopened": "float64"},
    ).set_index("id")


def _ratings(env, company, as_of, customers):
    """Return how customers rated tickets, indexed by customer id."""
    return read(
        env,
        SQL(
            """
            SELECT ticket.subscription_customer_id AS id,
                   (ARRAY_AGG(
                       rating.rating ORDER BY given.date DESC, rating.id DESC
                   ))[1] AS satisfaction_last,
                   AVG(rating.rating) AS satisfaction_mean
              FROM rating_rating rating
        CROSS JOIN LATERAL (SELECT COALESCE(rating.rated_on, rating.write_date))
                AS given (date)
              JOIN helpdesk_ticket ticket ON ticket.id = rating.res_id
             WHERE rating.res_model = 'helpdesk.ticket'
               AND rating.consumed
               AND rating.rating > 0
               AND given.date < %(end)s
               AND ticket.company_id = %(company)s
               AND ticket.subscription_customer_id IS NOT NULL
               AND %(only)s
          GROUP BY ticket.subscription_customer_id
            """,
            company=company.id,
            end=end_of(company, as_of),
            only=only("ticket.subscription_customer_id", customers),
        ),
        {"id": "int64", "satisfaction_last": "float64", "satisfaction_mean": "float64"},
    ).set_index("id")


def _stage_field(env):
    """Return the id of the field whose changes the chatter keeps."""
    return env["ir.model.fields"]._get("helpdesk.ticket", "stage_id").id
