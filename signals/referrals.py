# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which customers brought others.

Who referred whom is known as it is now; whether those referred became customers, as of
a date.
"""

from odoo.tools import SQL

from .frame import only, read
from .positions import known


def referrals(env, company, as_of, ids=None):
    """Return how many other customers of a company its customers have referred.

    One is referred when it, a contact of it or a subscription of it bears the name of
    the other or of a contact of that. It counts from the first day on which anything of
    it ran.

    :param ids: customers, those who refer (None: all)
    :return: Series indexed by customer id, of those who referred any
    """
    for name in ("res.partner", "sale.subscription", "subscription.customer"):
        env[name].flush_model()
    env["subscription.movement"].flush_model()
    return read(
        env,
        SQL(
            """
            WITH referral AS (
                SELECT customer.id AS customer_id, contact.referred_by_id
                  FROM res_partner contact
                  JOIN subscription_customer customer
                    ON customer.partner_id = contact.commercial_partner_id
                   AND customer.company_id = %(company)s
                 WHERE contact.referred_by_id IS NOT NULL
                 UNION
                SELECT customer_id, referred_by_id
                  FROM sale_subscription
                 WHERE company_id = %(company)s AND referred_by_id IS NOT NULL
            )
            SELECT giver.id, COUNT(DISTINCT referral.customer_id) AS referral_count
              FROM referral
              JOIN res_partner partner ON partner.id = referral.referred_by_id
              JOIN subscription_customer giver
                ON giver.partner_id = partner.commercial_partner_id
               AND giver.company_id = %(company)s
             WHERE giver.id <> referral.customer_id
               AND %(only)s
               AND EXISTS (
                SELECT FROM subscription_movement
                 WHERE customer_id = referral.customer_id AND %(known)s
              GROUP BY subscription_res_id, date
                HAVING SUM(running_delta) > 0
               )
          GROUP BY giver.id
            """,
            company=company.id,
            only=only("giver.id", ids),
            known=known(company, as_of, SQL("TRUE")),
        ),
        {"id": "int64", "referral_count": "int64"},
    ).set_index("id")["referral_count"]
