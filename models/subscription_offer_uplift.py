# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.tools import SQL

from .subscription_campaign_uplift import compared_members
from .subscription_journey_uplift import enrolment_rows
from .subscription_uplift import DAYS

GRANTED = (
    "How many more of a hundred customers had a running subscription so many days "
    "after, of those who were made the offer than of the control groups of the "
    "campaigns and journeys that made it; in brackets what is 95 % sure (Newcombe "
    "1998). Each campaign, and each month of a journey of which somebody got "
    "the offer, is compared by itself. Offers that were made to single subscriptions, "
    "or without a control group, tell nothing."
)


class SubscriptionOffer(models.Model):
    """What an offer was worth, by the control groups of what made it.

    Of a campaign, to whom it was made against whom it would have been made; of a
    journey, all who were enrolled against its control group, so with all else that the
    journey did: who was still there when the step came is no fair sample of them. But
    only in months of enrolment of which somebody got the offer, and since the day of
    enrolment of the first one: what the journey did before is no merit of the offer.
    """

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _name = "subscription.offer"
    _inherit = ["subscription.offer", "subscription.uplift"]

    uplift_stayed_30 = fields.Char(help=GRANTED)
    uplift_stayed_90 = fields.Char(help=GRANTED)

    def _uplift_rows(self):
        return SQL(" UNION ALL ").join(
            SQL("(%s)", query)
            for company, offers in self.grouped(
                lambda offer: offer._uplift_company().sudo()
            ).items()
            for query in (
                offers._uplift_of_campaigns(company),
                offers._uplift_of_journeys(company),
            )
        )

    def _uplift_of_campaigns(self, company):
        return SQL(
            """
            SELECT offer_id, customer_id, date, is_control, 'campaign ' || campaign_id
              FROM (%s) AS compared
            """,
            compared_members(company, SQL("campaign.offer_id = ANY(%s)", self.ids)),
        )

    def _uplift_of_journeys(self, company):
        return SQL(
            """
            WITH made AS (
                SELECT made.offer_id, made.subscription_id, step.journey_id,
                       split_part(made.source_key, ':', 3) AS day
                  FROM subscription_offer_grant made
                  JOIN subscription_journey_step step
                    ON step.id::text = split_part(made.source_key, ':', 2)
                 WHERE made.offer_id = ANY(%s)
                   AND starts_with(made.source_key, 'journey:')
            ),
            enrolled AS (%s),
            strata AS (
                SELECT made.offer_id, journey_id, stratum,
                       MIN(MIN(date)) OVER (
                           PARTITION BY made.offer_id, journey_id
                       ) AS first
                  FROM made
                  JOIN enrolled USING (journey_id, subscription_id)
                 WHERE to_char(anchor_date, 'YYYY-MM-DD') = made.day
              GROUP BY made.offer_id, journey_id, stratum
            )
            SELECT strata.offer_id, enrolled.customer_id, enrolled.date,
                   enrolled.is_control, enrolled.stratum
              FROM strata
              JOIN enrolled USING (journey_id, stratum)
             WHERE enrolled.date >= strata.first
            """,
            self.ids,
            enrolment_rows(company, SQL("journey_id IN (SELECT journey_id FROM made)")),
        )

    def _nobody_held_out(self):
        return self.env._(
            "It was never made with a control group: leave one out when you make it to "
            "many, to find out."
        )

    def _uplift(self, company):
        """Look as far ahead as there are enough: no further look decides, so none is
        found by looking until one is. What could be chance is not known yet.
        """
        offer = self.with_company(company)
        rows = offer._read_uplift_rows()
        for days in sorted(DAYS, reverse=True):
            stayed = offer._uplift_found(rows, days).stayed
            if stayed:
                words = offer._customers_in_words(stayed)
                return (stayed.value if stayed.side else None), words
        return None, offer._uplift_words(rows, min(DAYS))["stayed"]
