# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models
from odoo.tools import SQL

#: Selections whose values have an order, and what related fields call them; those of
#: subscriptions alone.
RANKED = ("lifecycle_stage", "tenure_band", "rfm_segment", "nps_category")
RANKED_FIELDS = {
    *RANKED,
    *(f"customer_{name}" for name in RANKED),
    "churn_risk",
    "churn_risk_scored",
}


class SubscriptionGroupOrder(models.AbstractModel):
    """Sort stages, bands and segments as they follow each other, not by the alphabet.

    Odoo sorts a selection by what is stored. These have an order that people think in:
    onboarding comes before stability, champions before those who are lost.
    """

    _name = "subscription.group.order"
    _description = "Order of Stages, Bands and Segments"

    def _rank_sql(self, name, sql_field):
        """Return the place of a stored value among all, counted from 1; NULL: none."""
        values = self._fields[name].get_values(self.env)
        return SQL("array_position(%s::varchar[], %s)", values, sql_field)

    def _order_field_to_sql(self, alias, field_name, direction, nulls, query):
        if field_name not in RANKED_FIELDS:
            return super()._order_field_to_sql(
                alias, field_name, direction, nulls, query
            )
        sql_field = self._field_to_sql(alias, field_name, query)
        return SQL("%s %s %s", self._rank_sql(field_name, sql_field), direction, nulls)

    def _read_group_orderby(self, order, groupby_terms, query):
        ranks = {
            spec: self._rank_sql(spec, term)
            for spec, term in groupby_terms.items()
            if spec in RANKED_FIELDS
        }
        terms = {**groupby_terms, **ranks}
        result = super()._read_group_orderby(order, terms, query)
        # It may have added to the terms of others.
        groupby_terms.update({spec: terms[spec] for spec in terms.keys() - ranks})
        return result
