# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import Counter
from typing import NamedTuple

from odoo import fields, models
from odoo.tools import SQL

from ..analytics.holdout import held_out

#: Why somebody is not reached, in the order in which it is looked for.
REASONS = [
    ("closed", "Subscription closed"),
    ("control", "Control group"),
    ("refused", "Opted out"),
    ("no_address", "No address or number"),
    ("blacklisted", "Blacklisted"),
    ("too_recent", "Contacted too recently"),
    ("duplicate", "Reached by another subscription"),
    # Facts of sending, which nobody can say beforehand.
    ("left", "No longer meant when it was sent"),
]

#: The column of a contact that a channel needs; a notice goes to portal users instead.
ADDRESSES = {
    "email": "email_normalized",
    "sms": "phone_sanitized",
    "call": "phone",
}
#: Odoo's blacklist of a channel: its table and the column of the address.
BLACKLISTS = {
    "email": ("mail_blacklist", "email"),
    "sms": ("phone_blacklist", "number"),
}


class Reach(NamedTuple):
    """Who is reached for a subscription, where, or why nobody is (else None)."""

    partner_id: int
    address: str
    reason: str
    customer_id: int = None


class SaleSubscription(models.Model):
    """Who can be reached on which channel, and why others cannot."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "sale.subscription"

    def _reach(self, channel=None, transactional=False, with_closed=False):
        """Say of each subscription how it is reached, or why it is not, set-wise.

        One message per commercial partner, company and address, one notice per
        customer: the subscription with the highest MRR, then the oldest, stands for
        the others. A customer with several addresses is reached no oftener than the
        limit still allows. Who has a portal user is not looked at.

        :param channel: ``email``, ``sms``, ``notice`` or ``call``; None: nobody is
            written to, so that only what is closed falls out
        :param transactional: what a customer must know: neither the limit of messages
            nor their own wish keeps it back, the blacklist does
        :param with_closed: reach those who have left as well (win-back)
        :return: ``{subscription id: Reach}``, for all of ``self``
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT subscription.id, customer.id, recipient.id, recipient.address,
                       company.subscription_contact_limit - recent.number,
                       CASE WHEN NOT COALESCE(subscription.is_running, FALSE)
                                 AND NOT %(closed)s
                            THEN 'closed'
                            WHEN customer.is_contact_refused AND NOT %(necessary)s
                            THEN 'refused'
                            WHEN %(addressed)s AND recipient.address IS NULL
                            THEN 'no_address'
                            WHEN %(blacklisted)s THEN 'blacklisted'
                        END
                  FROM sale_subscription subscription
                  JOIN res_company company ON company.id = subscription.company_id
                  LEFT JOIN subscription_customer customer
                    ON customer.id = subscription.customer_id
                  LEFT JOIN LATERAL (%(recipient)s) AS recipient ON %(addressed)s
                  LEFT JOIN LATERAL (
                       SELECT count(*) AS number
                         FROM subscription_contact contact
                        WHERE contact.customer_id = customer.id
                          AND NOT contact.is_transactional
                          AND contact.contacted_at > %(now)s
                              - company.subscription_contact_days * interval '1 day'
                       ) AS recent ON %(governed)s
                           AND company.subscription_contact_limit > 0
                 WHERE subscription.id = ANY(%(ids)s)
                 ORDER BY subscription.mrr_company DESC NULLS LAST, subscription.id
                """,
                recipient=self._recipient_sql(channel),
                blacklisted=self._blacklisted_sql(channel),
                addressed=channel in ADDRESSES,
                governed=bool(channel) and not transactional,
                closed=with_closed,
                necessary=transactional or not channel,
                now=fields.Datetime.now(),
                ids=self.ids,
            )
        )
        result, seen, reached = {}, set(), Counter()
        for id_, customer_id, partner_id, address, left, reason in rows:
            # Without a customer (a draft) each stands for itself.
            key = (customer_id or -id_, address)
            if channel and not reason:
                if key in seen:
                    reason = "duplicate"
                elif left is not None and left <= reached[customer_id]:
                    reason = "too_recent"
                else:
                    reached[customer_id] += 1
                    seen.add(key)
            result[id_] = Reach(partner_id, address, reason, customer_id)
        return result

    def _recipients(self, channel):
        """Return ``{subscription id: contact id}``: to whom a channel leads.

        The contact for invoices, else that of the subscription, else the customer
        itself: the first with an address, and the first of all if nobody has one.
        """
        self.env.flush_all()
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT subscription.id, recipient.id
                      FROM sale_subscription subscription
                      LEFT JOIN subscription_customer customer
                        ON customer.id = subscription.customer_id
                      JOIN LATERAL (%s) AS recipient ON TRUE
                     WHERE subscription.id = ANY(%s)
                    """,
                    self._recipient_sql(channel),
                    self.ids,
                )
            )
        )

    def _recipient_sql(self, channel):
        """Return SQL for ``id`` and ``address`` of a subscription's recipient."""
        return SQL(
            """
            SELECT partner.id, NULLIF(partner.%(address)s, '') AS address
              FROM unnest(ARRAY[subscription.partner_invoice_id,
                                subscription.partner_id,
                                customer.partner_id])
                   WITH ORDINALITY AS place (partner_id, rank)
              JOIN res_partner partner ON partner.id = place.partner_id
             ORDER BY partner.%(address)s IS NULL OR partner.%(address)s = '',
                      place.rank
             LIMIT 1
            """,
            address=SQL.identifier(ADDRESSES.get(channel, "email_normalized")),
        )

    def _blacklisted_sql(self, channel):
        """Return the condition that an address is on Odoo's blacklist of a channel."""
        if channel not in BLACKLISTS:
            return SQL("FALSE")
        table, column = map(SQL.identifier, BLACKLISTS[channel])
        return SQL(
            "EXISTS (SELECT FROM %s AS listed"
            " WHERE listed.active AND listed.%s = recipient.address)",
            table,
            column,
        )

    def _held_out(self, key, percent):
        """Return the ids of those whose customers are left out, to compare with.

        All subscriptions of a customer are on the same side.

        :param key: what the share is of; the same key leaves out the same customers
        :param percent: how many of a hundred, 0 to 100
        """
        customers = held_out(key, self.customer_id.ids, percent)
        return {sub.id for sub in self if sub.customer_id.id in customers}
