# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.tools import SQL

from ..signals.clock import local_day

ENROLLED = (
    "How many more of a hundred customers had a running subscription so many days "
    "after the day on which they were enrolled, of those who were to get the journey "
    "than of the control group; in brackets what is 95 % sure (Newcombe 1998). All who "
    "were enrolled count, whatever reached them and wherever they stopped: who was not "
    "reached differs from others, and who was does so too. Customers who were enrolled "
    "in the same month, with the same share of the control group, are compared."
)


class SubscriptionJourney(models.Model):
    """What a journey was worth, by its control group: by intention to treat.

    Whoever was enrolled counts from that day, on the side that chance put the customer
    on, whether a step was done or none. A customer with several enrolments counts by
    the first one; all its subscriptions are on one side as long as the share of the
    control group stays. Each month is compared by itself, and where the share was
    changed, each share; where nobody was held out, it tells nothing. An enrolment that
    was undone does not count.
    """

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _name = "subscription.journey"
    _inherit = ["subscription.journey", "subscription.uplift"]

    uplift_stayed_30 = fields.Char(help=ENROLLED)
    uplift_stayed_90 = fields.Char(help=ENROLLED)

    def _uplift_rows(self):
        return SQL(" UNION ALL ").join(
            SQL(
                """
                SELECT journey_id, customer_id, date, is_control, stratum
                  FROM (%s) AS enrolled
                """,
                enrolment_rows(company, SQL("journey_id = ANY(%s)", journeys.ids)),
            )
            for company, journeys in self.grouped(
                lambda journey: journey._uplift_company().sudo()
            ).items()
        )


def enrolment_rows(company, condition):
    """Return the query of a company's enrolments as rows to compare, in SQL.

    :param condition: on the enrolments, in SQL
    """
    return SQL(
        """
        SELECT journey_id, subscription_id, customer_id, anchor_date,
               %(day)s AS date, is_control,
               CONCAT_WS(
                   ' ', journey_id, to_char(%(day)s, 'YYYY-MM'), holdout_percent
               ) AS stratum
          FROM subscription_journey_enrolment
         WHERE %(condition)s
           AND company_id = %(company)s
           AND customer_id IS NOT NULL
           AND stop_reason IS DISTINCT FROM 'undone'
        """,
        day=local_day(company, SQL("enrolled_at")),
        condition=condition,
        company=company.id,
    )
