# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY


class SubscriptionRefresh(models.Model):
    """The last phase of a run of today: the health rules, on what it has found.

    One rule a step, and of one with many customers some of them. What was opened and
    closed by a process that is killed is not looked at again.
    """

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.refresh"

    check_seconds = fields.Float(readonly=True, digits=(8, 3))
    last_customer_id = fields.Integer(
        readonly=True,
        aggregator=None,
        help="The last one that a health rule, the one after the last, has done.",
    )

    def _begin_checking(self):
        self.write(
            {
                "state": "checking",
                "last_id": 0,
                "last_sequence": -(2**31),
                "last_customer_id": 0,
            }
        )

    def _checking(self):
        """Check the next health rule, or the next customers of one."""
        rules = self.env["subscription.health.rule"]
        if self.as_of >= self.company_id._subscription_today():
            rules = rules._of_company(self.company_id)
        mark = (self.last_sequence, self.last_id)
        for rule in rules:
            if (rule.sequence, rule.id) > mark:
                break
        else:
            self._finish()
            return
        try:
            with self.env.cr.savepoint():
                last = rule._check(self, self.last_customer_id)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception as error:
            self.env.invalidate_all()
            self._record_rule_failure(rule, error)
            last = None
        if last:
            self.last_customer_id = last
        else:
            self.write(
                {
                    "last_sequence": rule.sequence,
                    "last_id": rule.id,
                    "last_customer_id": 0,
                }
            )

    def _record_rule_failure(self, rule, error):
        """Name a rule that could not be checked, and tell managers the first time.

        It is no row that failed, of which managers are told each night.
        """
        reason = self._name_failure(rule, error)
        before = self.search(
            [
                ("company_id", "=", self.company_id.id),
                ("state", "=", "done"),
                ("id", "<", self.id),
            ],
            limit=1,
        )
        known = before.failure_ids.filtered(
            lambda failure: (failure.model, failure.res_id, failure.error)
            == (rule._name, rule.id, reason)
        )
        if not known:
            self._notify_managers(
                self.env._(
                    "Health rule %(rule)s could not be checked, its alerts stay as "
                    "they are: %(reason)s",
                    rule=rule.name,
                    reason=reason,
                )
            )
