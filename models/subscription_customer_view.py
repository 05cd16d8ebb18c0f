# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import UTC
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

#: Rows that a block shows of anything; the rest is behind a link.
TOP = 5
#: Segments and activities say more together: of them so many.
MORE = 20
#: Activities among which those are looked for that the user may read.
LOOKED_AT = 200
BLOCKS = ("who", "money", "risk", "use", "support", "talk", "next", "events")


class SubscriptionCustomer(models.Model):
    """The page of a customer, which a customer-success manager keeps open.

    Read block by block as plain data, each as the user may: a part that she may not
    read is None, and one that is empty has no rows. Rows are the first few with their
    number, figures are summed up by the database, so that a block takes as many queries
    for a large customer as for a small one.
    """

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.customer"

    @api.readonly
    def customer_view(self, block, cursor=None):
        """Return one block of the page of a customer.

        :param block: one of :data:`BLOCKS`
        :param cursor: for ``events``: go on after this one, as the page before told
        :raise AccessError: the user may not read the customer
        :raise UserError: there is no such block
        """
        self.ensure_one()
        self.check_access("read")
        if block not in BLOCKS:
            raise UserError(self.env._("There is no block '%s' of a customer.", block))
        self.env.flush_all()
        if block == "events":
            return self._view_events(cursor)
        return getattr(self, f"_view_{block}")()

    # --- who --------------------------------------------------------------------------

    def _view_who(self):
        actions = []
        if self._may_hand_over():
            label = (
                self.env._("Hand Over")
                if self.account_manager_id
                else self.env._("Name a Manager")
            )
            actions.append({"name": "action_hand_over", "label": label})
        if self._may_pin():
            actions.append({"name": "action_pin", "label": self.env._("Pin")})
        return {
            "manager": self._view_manager(),
            "contacts": self._view_contacts(),
            "segments": self._view_segments(),
            "actions": actions,
        }

    def _view_manager(self):
        manager = self.account_manager_id.id
        if not manager:
            return None
        ((name,),) = self.env.execute_query(
            SQL(
                "SELECT partner.name FROM res_users person"
                " JOIN res_partner partner ON partner.id = person.partner_id"
                " WHERE person.id = %s",
                manager,
            )
        )
        return {"id": manager, "name": name}

    def _view_contacts(self):
        Partner = self.env["res.partner"]
        if not Partner.has_access("read"):
            return None
        own = Partner._search([("commercial_partner_id", "=", self.partner_id.id)])
        rows = self.env.execute_query_dict(
            SQL(
                """
                SELECT id, name, function, email, phone, COUNT(*) OVER () AS count
                  FROM res_partner
                 WHERE id IN %s
              ORDER BY is_company DESC, name, id
                 LIMIT %s
                """,
                own.subselect(),
                TOP,
            )
        )
        return counted(rows)

    def _view_segments(self):
        """Return in which segments the customer is, since when and why.

        Of what is pinned, by whom; what is pinned out is named too, as it is not in it.
        """
        Membership = self.env["subscription.segment.membership"]
        own = Membership._search(
            [("subscription_id.customer_id", "=", self.id), ("date_to", "=", False)]
        )
        Segment = self.env["subscription.segment"]
        return self.env.execute_query_dict(
            SQL(
                """
                SELECT segment.id, %(name)s AS name, %(description)s AS description,
                       segment.color, own.kind, MIN(own.date_from) AS since,
                       COUNT(*) AS subscription_count, own.pin_reason,
                       own.pinned_until, pinner.name AS pinned_by
                  FROM subscription_segment_membership own
                  JOIN subscription_segment segment ON segment.id = own.segment_id
             LEFT JOIN res_users person ON person.id = own.pinned_by_id
             LEFT JOIN res_partner pinner ON pinner.id = person.partner_id
                 WHERE own.id IN %(own)s AND segment.active
              GROUP BY segment.id, own.kind, own.pin_reason, own.pinned_until,
                       pinner.name
              ORDER BY own.kind = 'pinned_out', segment.sequence, segment.id
                 LIMIT %(limit)s
                """,
                name=Segment._field_to_sql("segment", "name"),
                description=Segment._field_to_sql("segment", "description"),
                own=own.subselect(),
                limit=MORE,
            )
        )

    # --- next -------------------------------------------------------------------------

    def _view_next(self):
        today = self._view_company()["today"]
        renewal = self.next_renewal_date
        return {
            "today": today,
            "renewal": renewal,
            "days": renewal and (renewal - today).days,
            "subscriptions": self._view_subscriptions(),
            "activities": self._view_activities(),
        }

    def _view_subscriptions(self):
        """Return what runs: first what notice was given of, then what renews first."""
        Subscription = self.env["sale.subscription"]
        if not Subscription.has_access("read"):
            return None
        own = Subscription._search(
            [("customer_id", "=", self.id), ("is_running", "=", True)]
        )
        Notice = self.env["subscription.notice"]
        Plan = self.env["sale.subscription.template"]
        Reason = self.env["sale.subscription.close.reason"]
        rows = self.env.execute_query_dict(
            SQL(
                """
                SELECT own.id, own.name, %(plan)s AS plan,
                       own.next_renewal_date AS date, own.mrr,
                       own.currency_id, own.is_paused,
                       notice.end_date AS notice_end_date, notice.given_by,
                       %(reason)s AS reason, COUNT(*) OVER () AS count
                  FROM sale_subscription own
             LEFT JOIN sale_subscription_template plan ON plan.id = own.template_id
             LEFT JOIN subscription_notice notice
                    ON notice.subscription_id = own.id AND notice.state = 'open'
             LEFT JOIN sale_subscription_close_reason reason
                    ON reason.id = notice.close_reason_id
                 WHERE own.id IN %(own)s
              ORDER BY notice.end_date NULLS LAST,
                       own.next_renewal_date NULLS LAST, own.id
                 LIMIT %(limit)s
                """,
                plan=Plan._field_to_sql("plan", "name"),
                reason=Reason._field_to_sql("reason", "name"),
                own=own.subselect(),
                limit=TOP,
            )
        )
        givers = dict(Notice._fields["given_by"]._description_selection(self.env))
        for row in rows:
            row["given_by"] = givers.get(row["given_by"])
        return counted(rows)

    def _view_activities(self):
        """Return open activities on the customer and on what it has with us."""
        Activity = self.env["mail.activity"]
        Type = self.env["mail.activity.type"]
        rows = self.env.execute_query_dict(
            SQL(
                """
                SELECT activity.id, activity.summary, %(type)s AS type,
                       activity.date_deadline AS date, activity.res_model AS model,
                       activity.res_id, activity.res_name AS name,
                       responsible.name AS user
                  FROM mail_activity activity
             LEFT JOIN mail_activity_type type ON type.id = activity.activity_type_id
             LEFT JOIN res_users person ON person.id = activity.user_id
             LEFT JOIN res_partner responsible ON responsible.id = person.partner_id
                 WHERE activity.id IN (%(own)s)
              ORDER BY activity.date_deadline, activity.id
                 LIMIT %(limit)s
                """,
                type=Type._field_to_sql("type", "name"),
                own=self._documents_sql(
                    SQL("SELECT id FROM mail_activity WHERE active"), "res_model"
                ),
                limit=LOOKED_AT,
            )
        )
        allowed = Activity.browse(row["id"] for row in rows)._filtered_access("read")
        allowed = set(allowed.ids)
        return [row for row in rows if row["id"] in allowed][:MORE]

    # --- its company ------------------------------------------------------------------

    def _view_company(self):
        """Return what blocks need of the company: ``today`` and a few columns.

        Read at once, which would take Odoo a query each for the company, its contact,
        its working hours and its currency; see ``_subscription_zone`` of it.
        """
        (row,) = self.env.execute_query_dict(
            SQL(
                """
                SELECT COALESCE(NULLIF(contact.tz, ''), hours.tz, 'UTC') AS zone,
                       company.currency_id, currency.rounding,
                       company.subscription_usage_outage_date AS outage,
                       ARRAY[company.subscription_risk_medium_enter_percent,
                             company.subscription_risk_high_enter_percent] AS percent,
                       ARRAY[company.subscription_risk_medium_enter_points,
                             company.subscription_risk_high_enter_points] AS points
                  FROM res_company company
                  JOIN res_partner contact ON contact.id = company.partner_id
                  JOIN res_currency currency ON currency.id = company.currency_id
             LEFT JOIN resource_calendar hours
                    ON hours.id = company.resource_calendar_id
                 WHERE company.id = %s
                """,
                self.company_id.id,
            )
        )
        now = fields.Datetime.now().replace(tzinfo=UTC)
        return {**row, "today": now.astimezone(ZoneInfo(row["zone"])).date()}

    # --- what is the customer's -------------------------------------------------------

    def _contacts_sql(self):
        """Return the query for the contacts of the customer, the archived too."""
        return SQL(
            "(SELECT id FROM res_partner WHERE commercial_partner_id = %s)",
            self.partner_id.id,
        )

    def _documents_sql(self, select, column):
        """Return the query for rows that hang on records of the customer.

        A part for each model, as one condition over all would read the whole table.

        :param select: SELECT, FROM and WHERE with at least one condition
        :param column: with the name of the model; ``res_id`` is beside it
        """
        linked = "(SELECT id FROM %s WHERE subscription_customer_id = %s)"
        ids = {
            "res.partner": self._contacts_sql(),
            "subscription.customer": SQL("(SELECT %s)", self.id),
            "sale.subscription": SQL(
                "(SELECT id FROM sale_subscription WHERE customer_id = %s)", self.id
            ),
            "crm.lead": SQL(linked, SQL.identifier("crm_lead"), self.id),
            "helpdesk.ticket": SQL(linked, SQL.identifier("helpdesk_ticket"), self.id),
        }
        return SQL(" UNION ALL ").join(
            SQL(
                "%s AND %s = %s AND res_id IN %s",
                select,
                SQL.identifier(column),
                model,
                records,
            )
            for model, records in ids.items()
        )


def counted(rows):
    """Return rows and, taken out of them, how many there are in all."""
    count = rows[0]["count"] if rows else 0
    for row in rows:
        del row["count"]
    return {"rows": rows, "count": count}
