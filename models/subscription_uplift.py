# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import formatLang

from ..analytics.uplift import FEW, FEWEST, MOST_MISSING, comparable, uplift
from ..signals.frame import read
from ..signals.outcomes import outcomes
from .subscription_score import USER

#: After how many days it is looked what came of it.
DAYS = (30, 90)
FIGURES = ("stayed", "mrr", "clv")


def _figure(label, days, text):
    return fields.Char(
        string=f"{label}, {days} Days After",
        compute="_compute_uplift",
        groups=USER,
        help=text,
    )


STAYED = (
    "How many more of a hundred customers had a running subscription so many days "
    "after, of those who were reached than of those who were held out; in brackets "
    "what is 95 % sure (Newcombe 1998)."
)
MRR = (
    "How much more contracted MRR a customer who was reached gained on average since "
    "the day before than one who was held out, in the currency of the company; in "
    "brackets what is 95 % sure (Welch 1947)."
)
CLV = (
    "The same of the CLV, as the refreshes have kept it: the last one before, and the "
    "last one of the days since. Not known where it was not kept of more than 5 % of "
    "those reached or of those held out."
)


class SubscriptionUplift(models.AbstractModel):
    """Say what an action was worth: who was reached against who was held out.

    A model says in :meth:`_uplift_rows` to whom something was done, when, and who was
    held out, and shows the fields. Looked up when looked at, never stored.
    """

    _name = "subscription.uplift"
    _description = "Worth of an Action"

    uplift_stayed_30 = _figure("Customers Kept", 30, STAYED)
    uplift_mrr_30 = _figure("MRR Gained", 30, MRR)
    uplift_clv_30 = _figure("CLV Gained", 30, CLV)
    uplift_stayed_90 = _figure("Customers Kept", 90, STAYED)
    uplift_mrr_90 = _figure("MRR Gained", 90, MRR)
    uplift_clv_90 = _figure("CLV Gained", 90, CLV)

    # --- hooks ------------------------------------------------------------------------

    def _uplift_rows(self):
        """Return the query for the customers to compare.

        :return: SQL of ``id`` (of the record), ``customer_id``, ``date`` (the day on
            which it was done to them, or would have been), ``is_control`` (they were
            held out) and ``stratum`` (a text: those who had the same chance of it), for
            all records of self
        """
        raise NotImplementedError

    def _uplift_company(self):
        """Return the company whose customers are compared."""
        return self.company_id or self.env.company

    def action_open_uplift(self):
        """Show what it was worth, in a dialog."""
        self.ensure_one()
        view = self.env.ref(f"subscription_segmentation.{self._table}_view_form_worth")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What It Was Worth"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(view.id, "form")],
            "target": "new",
        }

    # --- figures ----------------------------------------------------------------------

    @api.depends_context("lang", "uid", "company")
    def _compute_uplift(self):
        names = [f"uplift_{name}_{days}" for name in FIGURES for days in DAYS]
        self.update(dict.fromkeys(names, False))
        rows = self._read_uplift_rows()
        for record in self:
            own = rows[rows["id"] == record._origin.id]
            for days in DAYS:
                words = record._uplift_words(own, days)
                record.update(
                    {f"uplift_{name}_{days}": word for name, word in words.items()}
                )

    def _uplift_found(self, rows, days):
        """Return the :class:`Uplift` of a record, by its rows."""
        company = self._uplift_company().sudo()
        today = company._subscription_today()
        # Of strata without anybody to compare with nothing need be looked up.
        rows = comparable(rows)
        return uplift(outcomes(self.env, company, rows, days, today))

    def _read_uplift_rows(self):
        """Return the rows of customers of the company of each record."""
        self.env.flush_all()
        records = self._origin
        query = (
            records._uplift_rows() if records else SQL("SELECT 0, 0, NULL, FALSE, ''")
        )
        companies = [record._uplift_company().id for record in records]
        return read(
            self.env,
            SQL(
                """
                SELECT done.id, done.customer_id, done.date, done.is_control,
                       done.stratum
                  FROM (%(rows)s)
                       AS done (id, customer_id, date, is_control, stratum)
                  JOIN subscription_customer customer ON customer.id = done.customer_id
                  JOIN unnest(%(ids)s::int[], %(companies)s::int[])
                       AS own (id, company_id)
                    ON own.id = done.id AND own.company_id = customer.company_id
                """,
                rows=query,
                ids=records.ids,
                companies=companies,
            ),
            {
                "id": "int64",
                "customer_id": "int64",
                "is_control": "bool",
                "stratum": "str",
            },
            ("date",),
        )

    # --- words ------------------------------------------------------------------------

    def _uplift_words(self, rows, days):
        """Return ``{figure: words}``: what came of it, or why nobody can say."""
        if not rows["is_control"].any():
            return {"stayed": self._nobody_held_out()}
        if rows["is_control"].all():
            return {"stayed": self.env._("Not enough yet: nobody was reached so far.")}
        found = self._uplift_found(rows, days)
        if found.state == FEW:
            return {"stayed": self._not_enough_yet(found, rows, days)}
        too_few = self.env._("Not enough yet: too few customers with a change.")
        return {
            "stayed": self._customers_in_words(found.stayed),
            "mrr": self._amount_in_words(found.mrr) if found.mrr else too_few,
            "clv": self._amount_in_words(found.clv)
            if found.clv
            else self.env._(
                "Not known: no CLV was kept of more than %s %% of a side, or too few "
                "have changed.",
                round(100 * MOST_MISSING),
            ),
        }

    def _nobody_held_out(self):
        return self.env._("Nobody was held out to compare with.")

    def _not_enough_yet(self, found, rows, days):
        today = self._uplift_company().sudo()._subscription_today()
        waiting = rows["date"].gt(str(today - timedelta(days=days)))
        if waiting.all():
            return self.env._("Not enough yet: %s days are not over.", days)
        if waiting.any():
            return self.env._(
                "Not enough yet: %(days)s days are over for %(reached)s customers "
                "reached and %(held_out)s held out; %(fewest)s of each are needed.",
                **self._arms(found),
                days=days,
            )
        return self.env._(
            "Too few to tell: %(reached)s customers reached and %(held_out)s held out; "
            "%(fewest)s of each are needed.",
            **self._arms(found),
        )

    def _arms(self, found):
        return {
            "reached": found.reached,
            "held_out": found.held_out,
            "fewest": FEWEST,
        }

    def _customers_in_words(self, difference):
        """Say a difference of shares as customers of a hundred."""
        digits = 0 if difference.upper - difference.lower >= 0.1 else 1
        value, *bounds = (round(100 * share, digits) for share in difference)
        texts = {
            "number": formatLang(self.env, abs(value), digits=digits),
            "bounds": self._bounds_in_words(
                difference, *(formatLang(self.env, b, digits=digits) for b in bounds)
            ),
        }
        if value < 0:
            return self.env._("%(number)s fewer of 100 stayed (%(bounds)s)", **texts)
        return self.env._("%(number)s more of 100 stayed (%(bounds)s)", **texts)

    def _amount_in_words(self, difference):
        """Say a difference of amounts, of a customer on average."""
        currency = self._uplift_company().sudo().currency_id
        texts = {
            "amount": formatLang(
                self.env, abs(difference.value), currency_obj=currency
            ),
            "bounds": self._bounds_in_words(
                difference,
                *(
                    formatLang(self.env, bound, currency_obj=currency)
                    for bound in difference[1:]
                ),
            ),
        }
        if difference.value < 0:
            return self.env._("%(amount)s less per customer (%(bounds)s)", **texts)
        return self.env._("%(amount)s more per customer (%(bounds)s)", **texts)

    def _bounds_in_words(self, difference, lower, upper):
        """Say between which bounds it lies, and whether it could be chance."""
        if difference.side:
            return self.env._("%(lower)s to %(upper)s", lower=lower, upper=upper)
        return self.env._(
            "%(lower)s to %(upper)s: could be chance", lower=lower, upper=upper
        )
