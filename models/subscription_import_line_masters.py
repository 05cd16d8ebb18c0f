# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import NamedTuple

from odoo import models
from odoo.exceptions import UserError

from .subscription_import_line import LINES, PLAN, differing


class Masters(NamedTuple):
    """What subscriptions refer to, by what a row calls it."""

    partners: dict
    customers: dict
    plans: dict
    pricelists: dict
    products: dict
    stages: dict
    currencies: dict


class SubscriptionImportLine(models.Model):
    """Finding and making the records that imported subscriptions refer to."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.import.line"

    def _masters(self, new, old):
        """Find or make what the cells refer to in which two states of rows differ."""
        differences = {line: differing(line[new], line[old]) for line in self}

        def rows(cells):
            return [line[new] for line in self if differences[line] & cells]

        moved = self.filtered(lambda line: "customer_ref" in differences[line])
        partners = moved._partners(new)
        customers = moved._customers(self.env["res.partner"].union(*partners.values()))
        Stage = self.env["sale.subscription.stage"]
        return Masters(
            partners=partners,
            customers={customer.partner_id: customer for customer in customers},
            plans=self._plans(rows(PLAN)),
            pricelists=self._pricelists(rows({"currency"})),
            products=self._products(rows(LINES)),
            stages={
                type_: Stage.search([("type", "=", type_)], limit=1)
                for type_ in ("in_progress", "post")
            },
            currencies={
                currency.name: currency
                for currency in self.env["res.currency"].search([])
            },
        )

    def _own_company(self):
        """Return the company of new master data: none where there is only one."""
        several = self.env["res.company"].search_count([], limit=2) > 1
        return self.env.company.id if several else False

    def _find(self, model, domain):
        """Search active records of the company and shared ones, the oldest first."""
        company = [("company_id", "in", (self.env.company.id, False))]
        return self.env[model].search(domain + company, order="id")

    def _make(self, model, vals_list):
        """Create master data and remember it, so that undoing can remove it."""
        records = self.env[model].create(vals_list)
        self._remember(records)
        return records

    def _remember(self, records):
        self.env["subscription.import.record"]._remember(self.import_id, records)

    def _customers(self, partners):
        """Return the customers of contacts, made where they are missing."""
        Customer = self.env["subscription.customer"]
        domain = [
            ("partner_id", "in", partners.commercial_partner_id.ids),
            ("company_id", "=", self.env.company.id),
        ]
        found = Customer.search(domain)
        customers = Customer._ensure(partners, self.env.company)
        self._remember(customers - found)
        return customers

    def _partners(self, which):
        """Return contacts by their reference; existing ones are taken as they are.

        An archived contact is taken where there is no active one.
        """
        wanted = {line[which]["customer_ref"]: line.contact or {} for line in self}
        domain = [("ref", "in", list(wanted))]
        found = {}
        for partner in self._find("res.partner", domain):
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
        archived = self.with_context(active_test=False)._find("res.partner", domain)
        for partner in archived.with_env(self.env):
            found.setdefault(partner.ref, partner)
        missing = [ref for ref in wanted if ref not in found]
        company = self._own_company()
        made = self._make(
            "res.partner",
            [
                {
                    "ref": ref,
                    "name": wanted[ref].get("name") or ref,
                    "email": wanted[ref].get("email") or False,
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
        # Odoo archives all price lists when settings are saved with that feature off:
        # an archived one is better than another one each time.
        everything = self.with_context(active_test=False)
        for pricelist in everything._find(
            "product.pricelist", [("currency_id.name", "in", list(codes))]
        ).sorted("active", reverse=True):
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
