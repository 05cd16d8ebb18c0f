# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models
from odoo.tools import SQL


class SubscriptionImportLine(models.Model):
    """Taking imported rows back."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.import.line"

    def _touched(self):
        """Return a sentence for each subscription that something else has touched."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.subscription_ref,
                       sub.id,
                       CASE
                       WHEN sub.id IS NULL THEN 'deleted'
                       WHEN sub.write_date > line.stamp OR EXISTS (
                           SELECT FROM sale_subscription_line product
                            WHERE product.sale_subscription_id = sub.id
                              AND product.write_date > line.stamp
                       ) THEN 'changed'
                       WHEN EXISTS (
                           SELECT FROM subscription_movement movement
                            WHERE movement.subscription_res_id = sub.id
                              AND movement.import_id IS DISTINCT FROM line.import_id
                              AND movement.id > (
                                  SELECT MIN(own.id) FROM subscription_movement own
                                   WHERE own.import_id = line.import_id
                              )
                       ) THEN 'booked'
                       END AS reason
                  FROM subscription_import_line line
             LEFT JOIN sale_subscription sub ON sub.id = line.subscription_id
                 WHERE line.id = ANY(%s) AND line.state = 'done'
                """,
                self.ids,
            )
        )
        used = self.env["subscription.import.record"]._used(
            self.subscription_id, self.import_id
        )
        texts = {
            "deleted": self.env._("subscription %s was deleted"),
            "changed": self.env._("subscription %s was changed"),
            "booked": self.env._("subscription %s has later movements"),
            "used": self.env._("subscription %s is used"),
        }
        reasons = [
            (ref, reason or ("used" if sub_id in used else None))
            for ref, sub_id, reason in rows
        ]
        return [texts[reason] % ref for ref, reason in reasons if reason]

    def _take_back(self):
        """Remove what the lines made, and turn what they changed back."""
        import_ = self.import_id
        done = self.filtered(lambda line: line.state == "done")._quiet()
        created = done.filtered(lambda line: not line.previous_row)
        changed = done - created
        customers = import_.movement_ids.customer_id
        import_.movement_ids.unlink()
        import_.terms_ids.unlink()
        if changed:
            masters = changed._masters("previous_row", "row")
            changed._change_subscriptions(masters, "previous_row", "row")
            renamed = changed.filtered("contact")
            for line in renamed:
                line.subscription_id.partner_id.write(line.contact)
            changed._restamp_contacts(renamed)
            changed.env.flush_all()
            changed._restamp()
        subscriptions = created.subscription_id
        subscriptions.sale_subscription_line_ids.unlink()
        subscriptions.unlink()
        customers._classify_movements()
        customers |= changed.subscription_id.customer_id
        customers._store_lives(import_.previous_as_of or None)

    def _restamp(self):
        """Tell earlier imports that the last write on a subscription was ours."""
        earlier = self.search(
            [
                ("subscription_id", "in", self.subscription_id.ids),
                ("import_id", "not in", self.import_id.ids),
            ]
        )
        for line in earlier:
            line.stamp = line.subscription_id.write_date
