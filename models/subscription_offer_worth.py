# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models
from odoo.tools import format_amount

from ..analytics.offers import break_even
from ..analytics.period import MONTHS


class SubscriptionOffer(models.Model):
    """What an offer costs, and when it pays."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.offer"

    def _costs(self, subscriptions):
        """Return ``{id: what would be given away}``, None: not known.

        In the currency of each one's company. Of a discount and a pause what is not
        billed, by the contracted MRR; of a free product its cost, or its price where no
        cost is known; of points what the program takes off an order for them. What a
        plan switch costs lasts as long as the subscription: nobody knows.
        """
        self.ensure_one()
        result = {}
        for sub in subscriptions.sudo():
            cost = getattr(self, f"_cost_of_{self.kind}")(sub)
            if cost is not None:
                cost = sub.company_id.currency_id.round(cost)
            result[sub.id] = cost
        return result

    def _cost_of_discount(self, sub):
        plan = sub.template_id
        months = MONTHS[plan.recurring_rule_type or "months"] * max(
            plan.recurring_interval, 1
        )
        billed = sub.mrr_company * float(months) * self.period_count
        return billed * self.discount / 100

    def _cost_of_free_product(self, sub):
        company = sub.company_id
        product = self.product_id.with_company(company).sudo()
        cost = product.standard_price
        currency = product.cost_currency_id
        if not cost:
            cost, currency = product.lst_price, product.currency_id
        each = currency._convert(
            cost, company.currency_id, company, company._subscription_today()
        )
        return each * self.quantity * self.period_count

    def _cost_of_pause(self, sub):
        return sub.mrr_company * self.pause_months

    def _cost_of_plan_switch(self, sub):
        return None

    def _cost_of_points(self, sub):
        company = sub.company_id
        program = self.program_id.sudo()
        worth = [
            reward.discount
            for reward in program.reward_ids
            if (reward.reward_type, reward.discount_mode) == ("discount", "per_point")
        ]
        if not worth:
            return None
        return program.currency_id._convert(
            max(worth) * self.points,
            company.currency_id,
            company,
            company._subscription_today(),
        )

    def _uplift(self, company):
        """Return by how much the offer raises retention among a company's customers.

        To be extended by what measures it against those who were left out.

        :return: ``(share, text)``: None: not known, and the text says why
        """
        return None, ""

    def _worth(self, subscriptions, uplift=None):
        """Return what an offer to subscriptions of one company costs and is worth.

        Its expected value is uplift × residual CLV − cost. Where the uplift is not
        known, it says why, and from which one on the offer pays.

        :param uplift: what :meth:`_uplift` says, where that is known already
        :return: ``(cost, text)``: in the currency of the company, None: not known
        """
        company = subscriptions.company_id[:1]
        costs = self._costs(subscriptions).values()
        value = sum(subscriptions.sudo().mapped("clv"))
        if not subscriptions:
            return None, ""
        if None in costs:
            return None, self.env._("What it costs is not known: it has no price.")

        def amount(number):
            return format_amount(self.env, number, company.currency_id)

        cost = sum(costs)
        uplift, reason = uplift or self._uplift(company)
        if uplift is not None:
            return cost, self.env._(
                "Expected value: %(value)s (uplift %(uplift)s %% × residual CLV "
                "%(clv)s − cost %(cost)s).",
                value=amount(uplift * value - cost),
                uplift=round(uplift * 100, 1),
                clv=amount(value),
                cost=amount(cost),
            )
        unknown = self.env._(
            "How many more stay because of it is not known yet. %s", reason
        )
        least = break_even(cost, value)
        if least is None:
            return cost, unknown
        return cost, self.env._(
            "%(unknown)s It pays if, of 100 of them, at least %(least)s stay who "
            "would have left otherwise (cost ÷ residual CLV of %(clv)s).",
            unknown=unknown,
            least=round(least * 100, 1),
            clv=amount(value),
        )
