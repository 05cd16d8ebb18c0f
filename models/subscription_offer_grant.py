# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import formatLang

from ..signals import offers
from .optional_number import OptionalMonetary

OPEN = ("granted", "active")
#: Kinds that are given with so many invoices.
BILLED = ("discount", "free_product")


class SubscriptionOfferGrant(models.Model):
    """That an offer was made to a subscription, and what became of it."""

    _name = "subscription.offer.grant"
    _description = "Offer Made to a Subscription"
    _order = "granted_on desc, id desc"
    _rec_name = "offer_id"

    offer_id = fields.Many2one(
        comodel_name="subscription.offer",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    kind = fields.Selection(related="offer_id.kind", store=True, readonly=True)
    subscription_id = fields.Many2one(
        comodel_name="sale.subscription",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    customer_id = fields.Many2one(related="subscription_id.customer_id")
    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True, index=True
    )
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    granted_on = fields.Date(
        required=True, readonly=True, help="The day it was, for the company."
    )
    granted_by = fields.Many2one(
        comodel_name="res.users",
        readonly=True,
        default=lambda self: self.env.user,
        ondelete="set null",
    )
    starts_on = fields.Date(
        string="From",
        required=True,
        readonly=True,
        help="The first day of the first billing period that carries it; of a pause, "
        "its first day.",
    )
    ends_on = fields.Date(
        string="Pause Ends On", readonly=True, help="The day on which it goes on."
    )
    next_date_before = fields.Date(
        readonly=True, help="The next invoice date before the pause."
    )
    state = fields.Selection(
        selection=[
            ("granted", "Granted"),
            ("active", "Active"),
            ("used", "Used Up"),
            ("revoked", "Revoked"),
            ("void", "Subscription Ended"),
        ],
        required=True,
        readonly=True,
        default="granted",
        index=True,
    )
    campaign_id = fields.Many2one(
        comodel_name="subscription.campaign",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    source_key = fields.Char(
        readonly=True,
        help="What asked for it: the same key never grants an offer twice.",
    )
    cost = OptionalMonetary(
        string="Expected Cost",
        currency_field="company_currency_id",
        readonly=True,
        groups="subscription_segmentation.group_user",
        help="What is given away, in the currency of the company, as it was reckoned "
        "when it was granted. Empty: not known.",
    )
    loyalty_history_id = fields.Many2one(
        comodel_name="loyalty.history",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="Of points, the line of the card with which they were given.",
    )
    points_taken_back = fields.Float(readonly=True)
    use_ids = fields.One2many(
        comodel_name="subscription.offer.use",
        inverse_name="grant_id",
        string="Periods",
        readonly=True,
    )
    use_count = fields.Integer(
        compute="_compute_use_count",
        compute_sudo=True,
        string="Periods Used",
        help="Periods whose invoice still stands.",
    )

    _source_key_unique = models.UniqueIndex(
        "(offer_id, subscription_id, source_key) WHERE source_key IS NOT NULL",
        "This offer was made for this reason already.",
    )
    _open_unique = models.UniqueIndex(
        "(subscription_id, kind)"
        " WHERE state IN ('granted', 'active') AND kind <> 'points'",
        "The subscription has an open offer of this kind already.",
    )

    @api.depends("use_ids.move_id", "use_ids.order_id")
    def _compute_use_count(self):
        for grant in self:
            grant.use_count = len(grant.use_ids.filtered("stands"))

    # --- beginning --------------------------------------------------------------------

    def _begin(self):
        """Do at once what is given at once: of grants that were made just now."""
        for kind, grants in self.grouped("kind").items():
            if kind == "pause":
                grants._begin_pauses()
            elif kind == "points":
                grants._give_points()
        self.subscription_id._mark_changed()

    def _begin_pauses(self):
        """Pause from today on, and move the next invoice by as much."""
        for (offer, ends_on), grants in self.grouped(
            lambda grant: (grant.offer_id, grant.ends_on)
        ).items():
            subscriptions = grants.subscription_id
            subscriptions.write({"is_paused": True, "paused_until": ends_on})
            for grant in grants:
                grant._move_next_date(
                    fields.Date.add(grant.next_date_before, months=offer.pause_months)
                )
        self.state = "active"

    def _move_next_date(self, day):
        """Have the next invoice on another day, until when the last period lasts."""
        subscription = self.subscription_id
        last = self.env["subscription.offer.use"].search(
            [
                ("grant_id.subscription_id", "=", subscription.id),
                ("period_end", "=", subscription.recurring_next_date),
            ]
        )
        last.period_end = day
        subscription.recurring_next_date = day

    def _give_points(self):
        """Put the points on the loyalty cards of the customers, made where missing."""
        Card = self.env["loyalty.card"]
        for offer, grants in self.grouped("offer_id").items():
            cards = {}
            for card in Card.search(
                [
                    ("program_id", "=", offer.program_id.id),
                    ("partner_id", "in", grants.subscription_id.partner_id.ids),
                ],
                order="id desc",
            ):
                cards[card.partner_id] = card
            for grant in grants:
                partner = grant.subscription_id.partner_id
                if partner not in cards:
                    cards[partner] = Card.create(
                        {"program_id": offer.program_id.id, "partner_id": partner.id}
                    )
                grant.loyalty_history_id = grant._move_points(
                    cards[partner], offer.points
                )
        self.state = "used"

    def _move_points(self, card, points):
        """Add points to a card (or take them off); return the line in its history."""
        card.points += points
        return self.env["loyalty.history"].create(
            {
                "card_id": card.id,
                "description": self.offer_id.name,
                "issued": max(points, 0),
                "used": max(-points, 0),
            }
        )

    # --- ending -----------------------------------------------------------------------

    def action_revoke(self):
        """Take back what was not used.

        :raise UserError: there is nothing to take back
        """
        self.subscription_id._check_may_decide()
        if not self._revoke():
            raise UserError(
                self.env._("What was granted is used already, or taken back.")
            )

    def _revoke(self):
        """Take back what was not used, and return the grants of which there was any.

        Invoices that were made stay as they are. A pause ends today, and was used if it
        began before; of points, what is left of them on the card goes.
        """
        own = self.sudo()
        left = own.filtered(lambda grant: grant.state in OPEN)
        for grant in left.filtered(lambda grant: grant.kind == "pause"):
            grant._end_pause()
        for grant in own - left:
            if grant.kind == "points" and grant.state == "used":
                left |= grant._take_points_back()
        paused = left.filtered(
            lambda grant: grant.kind == "pause"
            and grant.starts_on < grant.company_id._subscription_today()
        )
        (left - paused).state = "revoked"
        left.subscription_id._mark_changed()
        return left.sudo(False)

    def _take_points_back(self):
        """Take the points off again that are left; return the grant if there are any.

        The chatter says how many are not.
        """
        given, left = self.offer_id.points, self._points_left()
        if left < given:
            self.subscription_id._message_log(
                body=self.env._(
                    "Of the %(given)s points of the offer %(offer)s, %(left)s could be "
                    "taken back: the others are spent.",
                    given=formatLang(self.env, given),
                    offer=self.offer_id.name,
                    left=formatLang(self.env, left),
                )
            )
        if not left:
            return self.browse()
        self._move_points(self.loyalty_history_id.card_id, -left)
        self.points_taken_back = left
        return self

    def _points_left(self):
        """Return how many of the points are still on the card.

        What was on it first is spent first, and what came later is not theirs.
        """
        line = self.loyalty_history_id
        if not line:
            return 0
        later = self.env["loyalty.history"].search(
            [("card_id", "=", line.card_id.id), ("id", ">", line.id)]
        )
        others = self.search([("loyalty_history_id", "in", later.ids)])
        earned = sum(later.mapped("issued")) - sum(others.mapped("points_taken_back"))
        return max(0, min(self.offer_id.points, line.card_id.points - earned))

    def _end_pause(self):
        """Resume a subscription whose pause is taken back."""
        self.ensure_one()
        if self.subscription_id.is_paused:
            self.subscription_id.action_resume()

    def _resumed(self, automatic):
        """End the pauses of subscriptions that go on.

        One that goes on before its time pays for it: the next invoice comes later by
        the days of the pause only, unless somebody has moved it since.

        :param automatic: they go on because it is time
        """
        for grant in self:
            subscription = grant.subscription_id
            today = grant.company_id._subscription_today()
            moved = fields.Date.add(
                grant.next_date_before, months=grant.offer_id.pause_months
            )
            early = today < grant.ends_on and not automatic
            if early and subscription.recurring_next_date == moved:
                grant._move_next_date(
                    fields.Date.add(
                        grant.next_date_before, days=(today - grant.starts_on).days
                    )
                )
        self.state = "used"

    @api.model
    def _keep_up(self, domain):
        """Bring grants to what has become of their subscriptions and invoices.

        :param domain: on the grants, which ones are looked at
        """
        own = self.sudo().with_context(active_test=False)
        ended = own.search(
            Domain("state", "in", OPEN)
            & Domain("subscription_id.is_running", "=", False)
            & Domain(domain)
        )
        ended.state = "void"
        own.search(
            Domain("kind", "in", BILLED)
            & Domain("state", "in", (*OPEN, "used"))
            & Domain(domain)
        )._settle()

    def _settle(self):
        """Say of grants that are billed how far they are, by the uses that stand.

        One whose period was given back is open again, unless the subscription has ended
        or has got another offer of that kind meanwhile; of several the latest.
        """
        if not self:
            return
        offers.flush(self.env)
        self.env.cr.execute(
            SQL(
                """
                UPDATE subscription_offer_grant AS own
                   SET state = next.state
                  FROM (
                    SELECT "grant".id,
                           CASE WHEN used.number >= offer.period_count THEN 'used'
                                WHEN used.number > 0 THEN 'active'
                                ELSE 'granted' END AS state,
                           max("grant".id) FILTER (
                               WHERE "grant".state = 'used'
                                 AND used.number < offer.period_count
                                 AND subscription.is_running
                           ) OVER (
                               PARTITION BY "grant".subscription_id, "grant".kind
                           ) AS latest
                      FROM subscription_offer_grant "grant"
                      JOIN subscription_offer offer ON offer.id = "grant".offer_id
                      JOIN sale_subscription subscription
                        ON subscription.id = "grant".subscription_id
                      JOIN (%(used)s) AS used ON used.id = "grant".id
                     WHERE "grant".kind IN ('discount', 'free_product')
                       AND "grant".state IN ('granted', 'active', 'used')
                ) AS next
                 WHERE next.id = own.id
                   AND next.state <> own.state
                   AND NOT (own.state = 'used' AND EXISTS (
                        SELECT FROM subscription_offer_grant other
                         WHERE other.subscription_id = own.subscription_id
                           AND other.kind = own.kind
                           AND other.id <> own.id
                           AND other.state IN ('granted', 'active')
                   ))
                   AND NOT (own.state = 'used' AND own.id <> next.latest)
                """,
                used=offers.used(SQL('"grant".id = ANY(%s)', self.ids)),
            )
        )
        self.invalidate_model(["state"])
