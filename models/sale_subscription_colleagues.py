# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models
from odoo.tools import SQL


class SaleSubscription(models.Model):
    """Our people who have to do with a subscription."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "sale.subscription"

    def _colleagues(self):
        """Return who of ours follows each subscription or looks after its customer.

        Only those who may see customers, and work for the company.

        :return: ``{subscription: users}``, without those that have nobody
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT own.id, array_agg(DISTINCT person.id)
                  FROM sale_subscription own
                  LEFT JOIN subscription_customer customer
                    ON customer.id = own.customer_id
                  JOIN LATERAL (
                       SELECT id FROM res_users
                        WHERE id = customer.account_manager_id
                        UNION
                       SELECT known.id
                         FROM mail_followers follower
                         JOIN res_users known
                           ON known.partner_id = follower.partner_id
                        WHERE follower.res_model = 'sale.subscription'
                          AND follower.res_id = own.id
                        UNION
                       SELECT known.id
                         FROM mail_followers follower
                         JOIN res_users known
                           ON known.partner_id = follower.partner_id
                        WHERE follower.res_model = 'subscription.customer'
                          AND follower.res_id = customer.id
                       ) AS person ON TRUE
                 WHERE own.id = ANY(%(ids)s) AND person.id = ANY(%(people)s)
              GROUP BY own.id
                """,
                ids=self.ids,
                people=self.env.ref("subscription_segmentation.group_user")
                .sudo()
                .all_user_ids.ids,
            )
        )
        users = dict(rows)
        result = {}
        for company, some in self.grouped("company_id").items():
            people = self.env["res.users"].browse(
                {id_ for own in some for id_ in users.get(own.id, ())}
            )
            able = people._see_customers_of(company)
            for own in some:
                found = able & able.browse(users.get(own.id, ()))
                if found:
                    result[own] = found.sudo(False)
        return result
