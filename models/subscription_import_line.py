# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..analytics import period
from ..analytics.history import Account, first_events, later_events
from ..analytics.ledger import State
from ..signals.subscriptions import contracted_mrr


class Masters(NamedTuple):
    """What subscriptions refer to, by what a row calls it."""

    partners: dict
    customers: dict
    plans: dict
    pricelists: dict
    products: dict
    stages: dict


class SubscriptionImportLine(models.Model):
    """A row of an imported file that is new or has changed, and what became of it."""

    _name = "subscription.import.line"
    _description = "Subscription History Import Row"
    _order = "id"
    _rec_name = "subscription_ref"

    import_id = fields.Many2one(
        comodel_name="subscription.import",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="import_id.company_id", store=True)
    line = fields.Integer(
        readonly=True, aggregator=None, help="Line of the file where the row starts."
    )
    subscription_ref = fields.Char(
        string="Reference", required=True, readonly=True, index=True
    )
    customer_ref = fields.Char(
        string="Customer Reference", required=True, readonly=True
    )
    row = fields.Json(
        required=True, readonly=True, help="The row as it stands in the file."
    )
    previous_row = fields.Json(
        readonly=True, help="The row as the last import left it; empty: it is new."
    )
    state = fields.Selection(
        selection=[("todo", "To Do"), ("done", "Done"), ("failed", "Failed")],
        default="todo",
        required=True,
        readonly=True,
    )
    error = fields.Char(readonly=True)
    subscription_id = fields.Many2one(
        comodel_name="sale.subscription",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    stamp = fields.Datetime(
        readonly=True, help="When the import last wrote on the subscription."
    )

    _import_state_index = models.Index("(import_id, state)")

    @api.model
    def _last_rows(self, company):
        """Return ``{subscription_ref: row}`` as the last import left it."""
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (subscription_ref) subscription_ref, row
                  FROM subscription_import_line
                 WHERE company_id = %s AND state = 'done'
              ORDER BY subscription_ref, id DESC
                """,
                company.id,
            )
        )
        return dict(rows)

    # --- importing --------------------------------------------------------------------

    def _import(self):
        """Make or change the subscriptions of lines of one import and book the ledger.

        Never causes an invoice or a mail: the next invoice date lies after the real
        today, and nothing is tracked or followed.

        :raise UserError: a subscription or contact of a line is not what it was
        """
        import_ = self.import_id
        lines = self._quiet()
        masters = lines._masters()
        new = lines.filtered(lambda line: not line.previous_row)
        changed = lines - new
        changed._find_subscriptions()
        before = changed._accounts("previous_row")
        new._create_subscriptions(masters)
        changed._change_subscriptions(masters)
        after = lines._accounts("row")
        Movement = lines.env["subscription.movement"]
        if new:
            Movement._book(
                {line.subscription_id: first_events(after[line]) for line in new},
                import_.as_of,
                source=import_,
            )
        if changed:
            Movement._book(
                {
                    line.subscription_id: later_events(
                        before[line], after[line], import_.as_of
                    )
                    for line in changed
                },
                import_.as_of,
                known_on=import_.as_of,
                seen_until=import_.previous_as_of,
                source=import_,
            )
        lines.env.flush_all()
        for line in lines:
            line.write(
                {
                    "state": "done",
                    "error": False,
                    "stamp": line.subscription_id.write_date,
                }
            )

    def _quiet(self):
        """Return the lines in their company, where writing tells nobody."""
        return self.with_company(self.import_id.company_id).with_context(
            active_test=False,
            mail_create_nolog=True,
            mail_create_nosubscribe=True,
            tracking_disable=True,
        )

    def _accounts(self, which):
        """Return ``{line: Account}`` of the lines' subscriptions as they are now.

        The dates are those of the row (``row`` or ``previous_row``); customer, currency
        and MRR are read back from the subscription, so that the ledger says what its
        lines come to.
        """
        mrr = contracted_mrr(self.env, self.subscription_id.ids)["contracted"].to_dict()
        accounts = {}
        for line in self:
            row, subscription = line[which], line.subscription_id
            contracted = Decimal(str(mrr[subscription.id]))
            accounts[line] = Account(
                date.fromisoformat(row["start_date"]),
                row["end_date"] and date.fromisoformat(row["end_date"]),
                State(
                    subscription.customer_id.id,
                    subscription.currency_id.id,
                    contracted,
                    contracted,
                ),
            )
        return accounts

    def _find_subscriptions(self):
        """Point lines at the subscriptions that earlier imports made of them."""
        found = {
            subscription.subscription_ref: subscription
            for subscription in self.env["sale.subscription"].search(
                [
                    ("company_id", "=", self.env.company.id),
                    ("subscription_ref", "in", self.mapped("subscription_ref")),
                ]
            )
        }
        for line in self:
            if line.subscription_ref not in found:
                raise UserError(
                    self.env._(
                        "Subscription %(ref)s was imported before and is gone: "
                        "remove its row from the file, or give it another reference.",
                        ref=line.subscription_ref,
                    )
                )
            line.subscription_id = found[line.subscription_ref]

    def _create_subscriptions(self, masters):
        subscriptions = self.env["sale.subscription"].create(
            [
                {
                    **line._subscription_vals(line.row, masters),
                    "code": line.subscription_ref,
                    "subscription_ref": line.subscription_ref,
                    "company_id": self.env.company.id,
                    "user_id": False,
                }
                for line in self
            ]
        )
        for line, subscription in zip(self, subscriptions, strict=True):
            line.subscription_id = subscription
        self._fit_prices("row")
        self._set_next_invoice("row")

    def _change_subscriptions(self, masters, source="row", target="previous_row"):
        """Write on subscriptions what differs between two states of their rows."""
        for line in self:
            new, old = line[source], line[target]
            vals, was = (line._subscription_vals(row, masters) for row in (new, old))
            changes = {name: vals[name] for name in vals if vals[name] != was[name]}
            if "sale_subscription_line_ids" in changes:
                changes["sale_subscription_line_ids"].insert(0, Command.clear())
            line.subscription_id.write(changes)
            if "stage_id" in changes or "date_start" in changes:
                # A write of the stage sets the start to today, see subscription_oca.
                line.subscription_id.date_start = vals["date_start"]
            line._change_contact(new, old)
        self._fit_prices(source)
        self._set_next_invoice(source)

    def _change_contact(self, new, old):
        """Carry a new name or e-mail over, unless someone corrected it by hand."""
        partner = self.subscription_id.partner_id
        for name, column in (("name", "customer_name"), ("email", "email")):
            if new[column] != old[column] and (partner[name] or "") == old[column]:
                partner[name] = new[column]
                self.import_id._restamp(partner)

    def _subscription_vals(self, row, masters):
        """Return the values of a subscription that come from a row."""
        partner = masters.partners[row["customer_ref"]]
        pricelist = masters.pricelists[row["currency"]]
        stage = masters.stages["post" if row["end_date"] else "in_progress"]
        amounts = self._amounts(row, pricelist.currency_id)
        names = row["products"] or [row["plan"]]
        return {
            "partner_id": partner.id,
            "customer_id": masters.customers[partner.commercial_partner_id].id,
            "template_id": masters.plans[row["plan"], row["unit"], row["interval"]].id,
            "pricelist_id": pricelist.id,
            "payment_method": row["payment_method"] or False,
            "date_start": date.fromisoformat(row["start_date"]),
            "stage_id": stage.id,
            "in_progress": not row["end_date"],
            "sale_subscription_line_ids": [
                Command.create(
                    {
                        "product_id": masters.products[name].id,
                        "name": name,
                        "price_unit": float(amount),
                        "discount": 0,
                    }
                )
                for name, amount in zip(names, amounts, strict=True)
            ],
        }

    @api.model
    def _amounts(self, row, currency):
        """Return the amount per period of each product of a row."""
        digits = currency.decimal_places
        amount = period.per_period(
            Decimal(row["mrr"]), row["unit"], row["interval"], digits
        )
        return period.split(amount, len(row["products"]) or 1, digits)

    def _fit_prices(self, which):
        """Raise prices that contain taxes, so that untaxed they come to the MRR."""
        for line in self:
            currency = line.subscription_id.currency_id
            order_lines = line.subscription_id.sale_subscription_line_ids
            amounts = line._amounts(line[which], currency)
            for order_line, amount in zip(order_lines, amounts, strict=True):
                subtotal = order_line.price_subtotal
                if subtotal and currency.compare_amounts(subtotal, float(amount)):
                    order_line.price_unit *= float(amount) / subtotal

    def _set_next_invoice(self, which):
        """Bill running subscriptions from their first boundary after today on."""
        # The billing cron goes by the server's day, people by that of the company.
        today = max(self.env.company._subscription_today(), fields.Date.today())
        for line in self:
            row = line[which]
            line.subscription_id.recurring_next_date = not row[
                "end_date"
            ] and period.next_boundary(
                date.fromisoformat(row["start_date"]),
                row["unit"],
                row["interval"],
                today,
            )

    # --- what subscriptions refer to --------------------------------------------------

    def _masters(self):
        """Find or make the contacts, customers, plans, price lists and products."""
        rows = [row for line in self for row in (line.row, line.previous_row) if row]
        partners = self._partners(rows)
        customers = self.env["subscription.customer"]._ensure(
            self.env["res.partner"].union(*partners.values()), self.env.company
        )
        return Masters(
            partners=partners,
            customers={customer.partner_id: customer for customer in customers},
            plans=self._plans(rows),
            pricelists=self._pricelists(rows),
            products=self._products(rows),
            stages={
                type_: self.env["sale.subscription.stage"].search(
                    [("type", "=", type_)], limit=1
                )
                for type_ in ("in_progress", "post")
            },
        )

    def _own_company(self):
        """Return the company of new master data: none where there is only one."""
        several = self.env["res.company"].search_count([], limit=2) > 1
        return self.env.company.id if several else False

    def _find(self, model, domain):
        """Search records of the company and shared ones, the oldest first."""
        company = [("company_id", "in", (self.env.company.id, False))]
        return self.env[model].search(domain + company, order="id")

    def _make(self, model, vals_list):
        """Create master data and remember it, so that undoing can remove it."""
        records = self.env[model].create(vals_list)
        if records:
            records.flush_recordset()
            import_ = self.import_id
            made = dict(import_.created_records or {})
            made[model] = {
                **made.get(model, {}),
                **{
                    str(record.id): fields.Datetime.to_string(record.write_date)
                    for record in records
                },
            }
            import_.created_records = made
        return records

    def _partners(self, rows):
        """Return contacts by their reference; existing ones are taken as they are."""
        wanted = {row["customer_ref"]: row for row in rows}
        found = {}
        for partner in self._find("res.partner", [("ref", "in", list(wanted))]):
            if partner.ref in found:
                raise UserError(
                    self.env._(
                        "Two contacts have the reference %(ref)s (%(first)s and "
                        "%(second)s): merge them or change one reference.",
                        ref=partner.ref,
                        first=found[partner.ref].display_name,
                        second=partner.display_name,
                    )
                )
            found[partner.ref] = partner
        missing = [ref for ref in wanted if ref not in found]
        company = self._own_company()
        made = self._make(
            "res.partner",
            [
                {
                    "ref": ref,
                    "name": wanted[ref]["customer_name"],
                    "email": wanted[ref]["email"] or False,
                    "company_id": company,
                }
                for ref in missing
            ],
        )
        return {**found, **dict(zip(missing, made, strict=True))}

    def _plans(self, rows):
        """Return subscription templates by name, unit and interval of their period."""
        wanted = {(row["plan"], row["unit"], row["interval"]) for row in rows}
        Template = self.env["sale.subscription.template"]
        found = {}
        for template in Template.search(
            [
                ("name", "in", [name for name, _unit, _interval in wanted]),
                ("recurring_rule_boundary", "=", "unlimited"),
            ],
            order="id desc",
        ):
            key = (
                template.name,
                template.recurring_rule_type,
                template.recurring_interval,
            )
            found[key] = template
        missing = sorted(wanted - found.keys())
        made = self._make(
            Template._name,
            [
                {
                    "name": name,
                    "recurring_rule_type": unit,
                    "recurring_interval": interval,
                }
                for name, unit, interval in missing
            ],
        )
        return {**found, **dict(zip(missing, made, strict=True))}

    def _pricelists(self, rows):
        """Return a price list for each currency code."""
        codes = {row["currency"] for row in rows}
        found = {}
        for pricelist in self._find(
            "product.pricelist", [("currency_id.name", "in", list(codes))]
        ):
            found.setdefault(pricelist.currency_id.name, pricelist)
        missing = sorted(codes - found.keys())
        currencies = self.env["res.currency"].search([("name", "in", missing)])
        ids = {currency.name: currency.id for currency in currencies}
        company = self._own_company()
        made = self._make(
            "product.pricelist",
            [
                {
                    "name": self.env._("Imported history (%s)", code),
                    "currency_id": ids[code],
                    "company_id": company,
                }
                for code in missing
            ],
        )
        return {**found, **dict(zip(missing, made, strict=True))}

    def _products(self, rows):
        """Return products by name; a row without products is billed by its plan."""
        names = {name for row in rows for name in row["products"] or [row["plan"]]}
        found = {}
        for product in self._find("product.product", [("name", "in", list(names))]):
            found.setdefault(product.name, product)
        missing = sorted(names - found.keys())
        company = self._own_company()
        made = self._make(
            "product.template",
            [
                {"name": name, "type": "service", "company_id": company}
                for name in missing
            ],
        )
        return {
            **found,
            **dict(zip(missing, made.product_variant_id, strict=True)),
        }

    # --- undoing ----------------------------------------------------------------------

    def _touched(self):
        """Return a sentence for each subscription that something else has touched."""
        self.env["sale.subscription"].flush_model()
        self.env["sale.subscription.line"].flush_model()
        done = self.filtered(lambda line: line.state == "done")
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.subscription_ref,
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
                              AND movement.id > (
                                  SELECT MAX(own.id) FROM subscription_movement own
                                   WHERE own.subscription_res_id = sub.id
                                     AND own.import_id = line.import_id
                              )
                       ) THEN 'booked'
                       WHEN EXISTS (
                           SELECT FROM mail_message message
                            WHERE message.model = 'sale.subscription'
                              AND message.res_id = sub.id
                       ) THEN 'discussed'
                       END AS reason
                  FROM subscription_import_line line
             LEFT JOIN sale_subscription sub ON sub.id = line.subscription_id
                 WHERE line.id = ANY(%s)
                """,
                done.ids,
            )
        )
        texts = {
            "deleted": self.env._("subscription %s was deleted"),
            "changed": self.env._("subscription %s was changed"),
            "booked": self.env._("subscription %s has later movements"),
            "discussed": self.env._("subscription %s has messages"),
        }
        found = [texts[reason] % ref for ref, reason in rows if reason]
        subscriptions = done.subscription_id
        used = self.import_id._referenced(subscriptions)
        found += [
            self.env._("subscription %s is used", subscription.subscription_ref)
            for subscription in subscriptions
            if subscription.id in used
        ]
        return found

    def _take_back(self):
        """Remove what the lines made, and turn what they changed back."""
        import_ = self.import_id
        done = self.filtered(lambda line: line.state == "done")._quiet()
        created = done.filtered(lambda line: not line.previous_row)
        changed = done - created
        customers = import_.movement_ids.customer_id
        import_.movement_ids.unlink()
        if changed:
            changed._change_subscriptions(changed._masters(), "previous_row", "row")
            changed.env.flush_all()
            changed._restamp()
        subscriptions = created.subscription_id
        subscriptions.sale_subscription_line_ids.unlink()
        subscriptions.unlink()
        customers._classify_movements()
        changed.subscription_id._store_positions(import_.previous_as_of)
        customers._store_totals()
        customers._store_predecessors()

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
