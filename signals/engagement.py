# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How a customer and the company keep in touch, as of a date.

Counted per customer: all contacts of the commercial partner. Mailings and meetings have
no company; they are those of the company's users. An address on the blacklist is on it
for all companies. Odoo forgets some things: who opted out of a list and in again, and
what a contact's address was before it changed.
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

MAILING_DAYS = 90
MEETING_DAYS = 180
MODELS = (
    "calendar.attendee",
    "calendar.event",
    "link.tracker.click",
    "mail.blacklist",
    "mail.message",
    "mailing.contact",
    "mailing.mailing",
    "mailing.subscription",
    "mailing.trace",
    "res.partner",
    "subscription.customer",
)

NO_MAILING = "When the company had sent no mailing at all yet."
SIGNALS = (
    Signal(
        "mailings_sent_90d",
        "number",
        "",
        _lt("Mailings received"),
        _lt("Mailings sent to contacts of the customer in the last 90 days."),
        NO_MAILING,
    ),
    Signal(
        "mailings_opened_90d",
        "number",
        "",
        _lt("Mailings opened"),
        _lt("Mailings that contacts of the customer opened in the last 90 days."),
        NO_MAILING,
    ),
    Signal(
        "mailings_clicked_90d",
        "number",
        "",
        _lt("Mailings clicked"),
        _lt(
            "Mailings of which contacts of the customer followed a link in the last 90 "
            "days."
        ),
        NO_MAILING,
    ),
    Signal(
        "bounced",
        "number",
        "",
        _lt("Mailings bounced"),
        _lt("Mailings to the customer that came back in the last 90 days."),
        NO_MAILING,
    ),
    Signal(
        "opted_out",
        "number",
        "",
        _lt("Opted out"),
        _lt(
            "1 where an address of the customer is on the blacklist or opted out of a "
            "mailing list, else 0."
        ),
        "When no contact of the customer has an e-mail address.",
    ),
    Signal(
        "days_since_message",
        "number",
        "days",
        _lt("Days since the last message"),
        _lt("Days since a contact of the customer last wrote."),
        "When none of them ever wrote.",
    ),
    Signal(
        "meetings_180d",
        "number",
        "",
        _lt("Meetings"),
        _lt("Meetings with contacts of the customer in the last 180 days."),
        "When the company had no meeting with any customer yet.",
    ),
)
MAILINGS = ["mailings_sent_90d", "mailings_opened_90d", "mailings_clicked_90d"]


def engagement(env, company, as_of, ids=None, running=None):
    """Return :data:`SIGNALS` of running subscriptions.

    :param running: see :func:`.running.running_subscriptions`, if it is at hand
    """
    if running is None:
        running = running_subscriptions(env, company, as_of)
    for name in MODELS:
        env[name].flush_model()
    own, customers = chosen(running, ids), customers_of(running, ids)
    result = of_customers(
        own,
        pd.concat(
            [
                source(env, company, as_of, customers)
                for source in (_mailings, _opted_out, _last_messages, _meetings)
            ],
            axis="columns",
        ),
    )
    counts = []
    if _has_mailings(env, company, as_of):
        counts += [*MAILINGS, "bounced"]
    if _has_meetings(env, company, as_of):
        counts += ["meetings_180d"]
    result[counts] = result[counts].fillna(0.0)
    return result[[signal.name for signal in SIGNALS]]


def _contacts(company, customers):
    """Return the query for the contacts of customers: id, email and customer_id."""
    return SQL(
        """
        SELECT contact.id, contact.email_normalized AS email,
               customer.id AS customer_id
          FROM subscription_customer customer
          JOIN res_partner contact
            ON contact.commercial_partner_id = customer.partner_id
         WHERE customer.company_id = %s AND %s
        """,
        company.id,
        only("customer.id", customers),
    )


def _of_company(company, column):
    """Return the condition that a user, if there is one, belongs to the company."""
    return SQL(
        "(%(user)s IS NULL OR %(user)s IN"
        " (SELECT user_id FROM res_company_users_rel WHERE cid = %(company)s))",
        user=column,
        company=company.id,
    )


def _sent(company, as_of):
    """Return the condition for traces that were sent by the company by the date."""
    return SQL(
        "trace.is_test_trace IS NOT TRUE AND trace.sent_datetime < %s AND %s",
        end_of(company, as_of),
        _of_company(company, SQL("mailing.user_id")),
    )


def _has_mailings(env, company, as_of):
    """Return whether the company had sent any mailing on or before the date."""
    ((known,),) = env.execute_query(
        SQL(
            """
            SELECT EXISTS (
                SELECT FROM mailing_trace trace
                  JOIN mailing_mailing mailing ON mailing.id = trace.mass_mailing_id
                 WHERE %s
            )
            """,
            _sent(company, as_of),
        )
    )
    return known


def _mailings(env, company, as_of, customers):
    """Return what became of the mailings to customers, indexed by customer id.

    Those to a contact by the contact, all others by the address. Odoo keeps only the
    last click on a trace, but also each click; when it bounced is when the trace was
    last written.
    """
    since, end = end_of(company, as_of, MAILING_DAYS), end_of(company, as_of)
    return read(
        env,
        SQL(
            """
            WITH contact AS (%(contacts)s),
            click AS (
                SELECT mailing_trace_id AS id,
                       BOOL_OR(create_date >= %(since)s AND create_date < %(end)s)
                           AS clicked
                  FROM link_tracker_click
                 WHERE mailing_trace_id IS NOT NULL
              GROUP BY mailing_trace_id
            ),
            trace AS (
                SELECT trace.id, trace.model, trace.res_id, trace.email,
                       trace.sent_datetime >= %(since)s AS sent,
                       trace.open_datetime >= %(since)s
                           AND trace.open_datetime < %(end)s AS opened,
                       COALESCE(
                           click.clicked,
                           trace.links_click_datetime >= %(since)s
                               AND trace.links_click_datetime < %(end)s
                       ) AS clicked,
                       trace.trace_status = 'bounce'
                           AND trace.write_date >= %(since)s
                           AND trace.write_date < %(end)s AS bounced
                  FROM mailing_trace trace
                  JOIN mailing_mailing mailing ON mailing.id = trace.mass_mailing_id
             LEFT JOIN click ON click.id = trace.id
                 WHERE %(is_sent)s
            ),
            late AS (
                SELECT * FROM trace WHERE sent OR opened OR clicked OR bounced
            ),
            received AS (
                SELECT contact.customer_id, late.*
                  FROM late
                  JOIN contact ON contact.id = late.res_id
                 WHERE late.model = 'res.partner'
             UNION ALL
                SELECT DISTINCT contact.customer_id, late.*
                  FROM late
                  JOIN contact ON contact.email = late.email
                 WHERE late.model <> 'res.partner'
            )
            SELECT customer_id AS id,
                   COUNT(*) FILTER (WHERE sent) AS mailings_sent_90d,
                   COUNT(*) FILTER (WHERE opened) AS mailings_opened_90d,
                   COUNT(*) FILTER (WHERE clicked) AS mailings_clicked_90d,
                   COUNT(*) FILTER (WHERE bounced) AS bounced
              FROM received
          GROUP BY customer_id
            """,
            contacts=_contacts(company, customers),
            is_sent=_sent(company, as_of),
            since=since,
            end=end,
        ),
        {"id": "int64", **dict.fromkeys([*MAILINGS, "bounced"], "float64")},
    ).set_index("id")


def _opted_out(env, company, as_of, customers):
    """Return who wants no mailings, of customers with an address, by customer id."""
    active = env["ir.model.fields"]._get("mail.blacklist", "active").id
    return read(
        env,
        SQL(
            """
            WITH refused AS (
                SELECT listed.email
                  FROM mail_blacklist listed
            CROSS JOIN LATERAL (
                    -- What the chatter says of its coming and going.
                    SELECT (ARRAY_AGG(
                               tracked.new_value_integer
                               ORDER BY message.date DESC, tracked.id DESC
                           ) FILTER (WHERE message.date < %(end)s))[1] AS before,
                           (ARRAY_AGG(
                               tracked.old_value_integer
                               ORDER BY message.date, tracked.id
                           ))[1] AS first
                      FROM mail_message message
                      JOIN mail_tracking_value tracked
                        ON tracked.mail_message_id = message.id
                       AND tracked.field_id = %(active)s
                     WHERE message.model = 'mail.blacklist'
                       AND message.res_id = listed.id
                  ) AS past
                 WHERE listed.create_date < %(end)s
                   AND COALESCE(past.before, past.first, listed.active::int) = 1
             UNION ALL
                SELECT contact.email_normalized
                  FROM mailing_subscription subscribed
                  JOIN mailing_contact contact ON contact.id = subscribed.contact_id
                 WHERE subscribed.opt_out
                   AND subscribed.opt_out_datetime < %(end)s
                   AND contact.email_normalized IS NOT NULL
            )
            SELECT customer_id AS id,
                   BOOL_OR(email IN (SELECT email FROM refused))::int AS opted_out
              FROM (%(contacts)s) AS contact
             WHERE email IS NOT NULL
          GROUP BY customer_id
            """,
            contacts=_contacts(company, customers),
            end=end_of(company, as_of),
            active=active,
        ),
        {"id": "int64", "opted_out": "float64"},
    ).set_index("id")


def _last_messages(env, company, as_of, customers):
    """Return days since customers last wrote, indexed by customer id.

    Messages about a record of another company do not count.
    """
    return read(
        env,
        SQL(
            """
            SELECT contact.customer_id AS id,
                   %(today)s - %(last)s AS days_since_message
              FROM mail_message message
              JOIN (%(contacts)s) AS contact ON contact.id = message.author_id
             WHERE message.message_type IN ('email', 'comment')
               AND message.date < %(end)s
               AND (message.record_company_id = %(company)s
                    OR message.record_company_id IS NULL)
          GROUP BY contact.customer_id
            """,
            contacts=_contacts(company, customers),
            company=company.id,
            today=as_of,
            last=local_day(company, SQL("MAX(message.date)")),
            end=end_of(company, as_of),
        ),
        {"id": "int64", "days_since_message": "float64"},
    ).set_index("id")


def _met(company, as_of, customers):
    """Return the query for the meetings with customers up to a date.

    A cancelled meeting or a declined invitation counts until it was.
    """
    return SQL(
        """
          FROM calendar_event event
          JOIN calendar_attendee attendee ON attendee.event_id = event.id
          JOIN (%(contacts)s) AS contact ON contact.id = attendee.partner_id
         WHERE event.start < %(end)s
           AND attendee.create_date < %(end)s
           AND (event.active OR event.write_date >= %(end)s)
           AND (attendee.state <> 'declined' OR attendee.write_date >= %(end)s)
           AND %(ours)s
        """,
        contacts=_contacts(company, customers),
        end=end_of(company, as_of),
        ours=_of_company(company, SQL("event.user_id")),
    )


def _has_meetings(env, company, as_of):
    """Return whether the company had any meeting with a customer by the date."""
    ((known,),) = env.execute_query(
        SQL("SELECT EXISTS (SELECT %s)", _met(company, as_of, None))
    )
    return known


def _meetings(env, company, as_of, customers):
    """Return how many meetings of late customers had, indexed by customer id."""
    return read(
        env,
        SQL(
            """
            SELECT contact.customer_id AS id, COUNT(DISTINCT event.id) AS meetings_180d
                   %s
               AND event.start >= %s
          GROUP BY contact.customer_id
            """,
            _met(company, as_of, customers),
            end_of(company, as_of, MEETING_DAYS),
        ),
        {"id": "int64", "meetings_180d": "float64"},
    ).set_index("id")
