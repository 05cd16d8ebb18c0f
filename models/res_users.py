# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging

from odoo import api, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

_logger = logging.getLogger(__name__)


class ResUsers(models.Model):
    """Logins of customers to the portal are usage that needs no integration.

    Odoo itself keeps the last login of each user only.
    """

    _inherit = "res.users"

    @api.model
    def _update_last_login(self):
        result = super()._update_last_login()
        self.env.user._record_portal_login()
        return result

    def _record_portal_login(self):
        """Count today's login for what the user's customer runs, once a day.

        Nothing that goes wrong here keeps anybody from logging in.
        """
        feature = self.env.ref(
            "subscription_segmentation.subscription_feature_portal_login",
            raise_if_not_found=False,
        )
        if not feature or not self._is_portal():
            return
        try:
            with self.env.cr.savepoint(flush=False):
                self._store_portal_login(feature.sudo())
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            _logger.info("A colleague of user %s logs in at the same time.", self.id)
        except Exception:
            _logger.exception("The login of user %s could not be counted.", self.id)

    def _store_portal_login(self, feature):
        companies = self.company_ids.sudo()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO subscription_usage (
                    subscription_id, feature_id, company_id, date, known_on, count,
                    is_month, day_bits
                )
                SELECT s.id, %(feature)s, s.company_id, today.date, today.date, 1,
                       FALSE, 1
                  FROM subscription_customer customer
                  JOIN sale_subscription s ON s.customer_id = customer.id
                  JOIN unnest(%(companies)s::int[], %(days)s::date[])
                    AS today (company_id, date) ON today.company_id = s.company_id
                 WHERE customer.partner_id = %(partner)s
                   AND s.is_running
                   AND %(active)s
              ORDER BY s.id
                    ON CONFLICT DO NOTHING
                """,
                feature=feature.id,
                active=feature.active,
                companies=companies.ids,
                days=[company._subscription_today() for company in companies],
                partner=self.commercial_partner_id.id,
            )
        )
