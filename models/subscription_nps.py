# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from .optional_number import OptionalInteger

CATEGORIES = [
    ("promoter", "Promoter"),
    ("passive", "Passive"),
    ("detractor", "Detractor"),
]
#: What the addon says of an answer; a person does not.
DERIVED = {"customer_id", "known_on", "source"}


class SubscriptionNps(models.Model):
    """An answer from 0 to 10: how likely a contact is to recommend us.

    It belongs to the customer of the contact in the company, wherever the contact
    moves, and shows on the customer while it is the latest.
    """

    _name = "subscription.nps"
    _inherit = "subscription.group.order"
    _description = "NPS Answer"
    _order = "date desc, id desc"
    _rec_name = "partner_id"
    _check_company_auto = True

    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Contact",
        required=True,
        index=True,
        check_company=True,
        ondelete="cascade",
        help="The person who answered.",
    )
    customer_id = fields.Many2one(
        comodel_name="subscription.customer",
        string="Subscription Customer",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The customer of this company that the contact belongs to; empty while "
        "there is none.",
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    date = fields.Date(
        required=True,
        default=lambda self: self.env.company._subscription_today(),
        help="The day of the answer.",
    )
    known_on = fields.Date(
        string="Recorded On",
        required=True,
        readonly=True,
        copy=False,
        help="The day since which it is known: scores as of earlier days do not look "
        "at it. What is imported was known elsewhere on the day of the answer.",
    )
    score = OptionalInteger(
        required=True,
        aggregator="avg",
        help="From 0 (would not recommend us at all) to 10 (would by all means).",
    )
    nps_category = fields.Selection(
        selection=CATEGORIES,
        string="NPS Group",
        compute="_compute_nps_category",
        store=True,
        help="Promoter: 9 or 10, passive: 7 or 8, detractor: 6 or less.",
    )
    source = fields.Selection(
        selection=[
            ("hand", "Entered by Hand"),
            ("import", "Imported"),
            ("survey", "Survey"),
        ],
        required=True,
        readonly=True,
        copy=False,
    )
    note = fields.Text()

    _score_range = models.Constraint(
        "CHECK (score BETWEEN 0 AND 10)", "An answer is a whole number from 0 to 10."
    )

    @api.depends("score")
    def _compute_nps_category(self):
        for answer in self:
            if answer.score is False:
                answer.nps_category = False
            elif answer.score >= 9:
                answer.nps_category = "promoter"
            else:
                answer.nps_category = "passive" if answer.score >= 7 else "detractor"

    @api.constrains("date", "company_id")
    def _check_date(self):
        for answer in self:
            if answer.date > answer.company_id._subscription_today():
                raise ValidationError(
                    self.env._("An answer cannot be of a day that is yet to come.")
                )

    @api.model_create_multi
    def create(self, vals_list):
        source = "import" if self.env.context.get("import_file") else "hand"
        rows = []
        for vals in vals_list:
            row = {"source": source, **self._without_derived(vals)}
            if "known_on" not in row:
                company = self.env["res.company"].browse(row.get("company_id"))
                today = (company or self.env.company)._subscription_today()
                imported = row["source"] == "import" and row.get("date")
                row["known_on"] = imported or today
            rows.append(row)
        answers = super().create(rows)
        answers.sudo()._follow()
        return answers

    def write(self, vals):
        before = self.sudo().customer_id
        result = super().write(self._without_derived(vals))
        self.sudo()._follow(before)
        return result

    def unlink(self):
        customers = self.sudo().customer_id
        result = super().unlink()
        self.sudo()._store_latest(customers)
        return result

    def _without_derived(self, vals):
        """Leave out what a person writes on fields that follow others."""
        if self.env.su:
            return vals
        return {name: vals[name] for name in vals if name not in DERIVED}

    def _follow(self, customers=None):
        """Bring answers to their customers, and these to their latest answers.

        :param customers: further ones that lost or changed an answer
        """
        self._link(self.partner_id.commercial_partner_id)
        self._store_latest(self.customer_id | (customers or self.customer_id))

    @api.model
    def _link(self, commercial_partners):
        """Point the answers of partners and their contacts at customers, set-wise."""
        self.flush_model()
        self.env["res.partner"].flush_model(["commercial_partner_id"])
        self.env["subscription.customer"].flush_model(["partner_id", "company_id"])
        rows = self.env.execute_query(
            SQL(
                """
                WITH link AS (
                    SELECT answer.id, answer.customer_id AS old, customer.id AS new
                      FROM subscription_nps answer
                      JOIN res_partner contact ON contact.id = answer.partner_id
                 LEFT JOIN subscription_customer customer
                        ON customer.partner_id = contact.commercial_partner_id
                       AND customer.company_id = answer.company_id
                     WHERE contact.commercial_partner_id = ANY(%s)
                       AND answer.customer_id IS DISTINCT FROM customer.id
                ), done AS (
                    UPDATE subscription_nps AS answer
                       SET customer_id = link.new
                      FROM link
                     WHERE link.id = answer.id
                )
                SELECT unnest(ARRAY[old, new]) FROM link
                """,
                commercial_partners.ids,
            )
        )
        self.invalidate_model(["customer_id"])
        customers = self.env["subscription.customer"]
        self._store_latest(customers.browse({id_ for (id_,) in rows if id_}))

    @api.model
    def _store_latest(self, customers):
        """Store the latest answer of customers on them, set-wise."""
        if not customers:
            return
        self.flush_model()
        names = ["nps_score", "nps_date", "nps_category"]
        customers.flush_model(names)
        self.env.cr.execute(
            SQL(
                """
                UPDATE subscription_customer AS customer
                   SET nps_score = latest.score,
                       nps_date = latest.date,
                       nps_category = latest.nps_category
                  FROM (
                    SELECT DISTINCT ON (own.id)
                           own.id, answer.score, answer.date, answer.nps_category
                      FROM subscription_customer own
                 LEFT JOIN subscription_nps answer ON answer.customer_id = own.id
                     WHERE own.id = ANY(%s)
                  ORDER BY own.id, answer.date DESC, answer.id DESC
                ) AS latest
                 WHERE latest.id = customer.id
                   AND (customer.nps_score, customer.nps_date, customer.nps_category)
                       IS DISTINCT FROM (latest.score, latest.date, latest.nps_category)
                """,
                customers.ids,
            )
        )
        customers.invalidate_model([*names, "nps_ids"])
