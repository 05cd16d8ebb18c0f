# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL


class SubscriptionSegment(models.Model):
    """Members by hand: a person says who is in a segment, or is not, whatever it says.

    Until the day she names, or until the pin is taken away.
    """

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.segment"

    def _pin(self, subscriptions, kind, reason, until=None):
        """Pin subscriptions in the segment, or out of it.

        :param kind: ``pinned_in`` or ``pinned_out``
        :param until: the last day of the pin (None: until it is taken away)
        :raise AccessError: the user may not decide on the subscriptions
        :raise UserError: the segment is not one of their company, or the day is over
        """
        self.ensure_one()
        subscriptions._check_may_decide()
        self.check_access("read")
        segment = self.sudo()
        for company, some in subscriptions.sudo().grouped("company_id").items():
            if not segment._is_valid_for(company):
                raise UserError(
                    self.env._(
                        "%(segment)s is no segment of %(company)s.",
                        segment=segment.name,
                        company=company.name,
                    )
                )
            today = company._subscription_today()
            if until and until < today:
                raise UserError(self.env._("Choose a day that is not over."))
            left, entered = segment._move_pinned(some, kind, reason, until, today)
            segment._after_pin(company, left, entered)

    def _pinned(self, subscriptions):
        """Return ``{subscription id: kind}`` of those that are pinned now."""
        rows = self.env["subscription.segment.membership"]._read_group(
            [
                ("segment_id", "in", self.ids),
                ("subscription_id", "in", subscriptions.ids),
                ("date_to", "=", False),
                ("kind", "!=", "automatic"),
            ],
            ["subscription_id", "kind"],
        )
        return {subscription.id: kind for subscription, kind in rows}

    def _unpin(self, subscriptions):
        """Take pins away: the conditions of the segment count again, at once.

        :raise AccessError: the user may not decide on the subscriptions
        """
        self.ensure_one()
        subscriptions._check_may_decide()
        self.check_access("read")
        segment = self.sudo()
        for company, some in subscriptions.sudo().grouped("company_id").items():
            today = company._subscription_today()
            segment.env.flush_all()
            segment.env.cr.execute(
                SQL(
                    """
                    UPDATE subscription_segment_membership AS member
                       SET kind = CASE kind WHEN 'pinned_in' THEN 'automatic'
                                            ELSE kind END,
                           date_to = CASE kind WHEN 'pinned_out'
                                               THEN GREATEST(date_from, %s) END,
                           (pinned_by_id, pin_reason, pinned_until)
                           = (SELECT pinned_by_id, pin_reason, pinned_until
                               WHERE kind = 'pinned_out')
                     WHERE %s AND kind != 'automatic' AND subscription_id = ANY(%s)
                    """,
                    today,
                    segment._open_of(company),
                    some.ids,
                )
            )
            segment.env.invalidate_all()
        segment._evaluate_now()

    def _move_pinned(self, subscriptions, kind, reason, until, today):
        """Write the pins of subscriptions of one company.

        Whoever changes sides has one membership end and another one begin.

        :return: the subscriptions that left and those that entered
        """
        self.env.flush_all()
        stays = ("pinned_out",) if kind == "pinned_out" else ("automatic", "pinned_in")
        company = subscriptions.company_id
        closed = self.env.execute_query(
            SQL(
                """
                UPDATE subscription_segment_membership AS member
                   SET date_to = GREATEST(date_from, %s)
                 WHERE %s AND subscription_id = ANY(%s) AND kind NOT IN %s
             RETURNING subscription_id
                """,
                today,
                self._open_of(company),
                subscriptions.ids,
                stays,
            )
        )
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO subscription_segment_membership AS member (
                    segment_id, subscription_id, company_id, date_from, kind,
                    pinned_by_id, pin_reason, pinned_until
                )
                SELECT %(segment)s, id, %(company)s, %(today)s, %(kind)s,
                       %(uid)s, %(reason)s, %(until)s
                  FROM unnest(%(ids)s) AS subscription (id)
                    ON CONFLICT (segment_id, subscription_id)
                       WHERE date_to IS NULL DO UPDATE
                   SET company_id = EXCLUDED.company_id,
                       kind = EXCLUDED.kind,
                       pinned_by_id = EXCLUDED.pinned_by_id,
                       pin_reason = EXCLUDED.pin_reason,
                       pinned_until = EXCLUDED.pinned_until
             RETURNING subscription_id, xmax = 0
                """,
                segment=self.id,
                company=company.id,
                today=today,
                kind=kind,
                uid=self.env.uid,
                reason=reason,
                until=until or None,
                ids=subscriptions.ids,
            )
        )
        self.env.invalidate_all()
        if kind == "pinned_out":
            return sorted(row[0] for row in closed), []
        return [], sorted(id_ for id_, is_new in rows if is_new)

    def _after_pin(self, company, left, entered):
        """Have follow what follows from entering and leaving, at once."""
        subscriptions = self.env["sale.subscription"]
        for hook, ids in (("_segment_left", left), ("_segment_entered", entered)):
            if ids:
                getattr(self, hook)(subscriptions.browse(ids))
        if self.exclusive_group:
            self._evaluate_now()
        else:
            self._follow(company, subscriptions.browse(left + entered))
            self._store_primary(company)
