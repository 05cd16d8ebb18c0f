# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import date
from decimal import Decimal

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..analytics import period
from ..analytics.history import Account, first_events, later_events
from ..analytics.ledger import State
from ..signals.subscriptions import contracted_mrr
from .sale_subscription_ledger import TOLD
from .subscription_import import contact_digest

#: Cells by which a row names a plan, and those that its subscription lines come from.
PLAN = {"plan", "unit", "interval"}
LINES = PLAN | {"customer_ref", "currency", "mrr", "products"}


def differing(new, old):
    """Return the names of the cells in which two rows differ."""
    return {name for name in new if not old or new[name] != old[name]}


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
        required=True,
        readonly=True,
        help="The row as it stands in the file, its contact as a digest.",
    )
    previous_row = fields.Json(
        readonly=True, help="The row as the last import left it; empty: it is new."
    )
    contact = fields.Json(
        readonly=True,
        help="Name and e-mail of the contact while the row is to do; then what they "
        "were before, if the row has changed them.",
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

    # --- before anything is written ---------------------------------------------------

    @api.model
    def _find_conflicts(self, work, company):
        """Return what keeps rows from being imported, seen from the database.

        :param work: values of import lines
        :return: dicts of line and reason
        """
        lines = self.with_company(company)
        problems = lines._find_ambiguous_contacts(work)
        known = lines._subscriptions([vals["subscription_ref"] for vals in work])
        for vals in work:
            if not vals["previous_row"]:
                continue
            subscription = known.get(vals["subscription_ref"])
            reason = False
            if not subscription:
                reason = self.env._(
                    "Subscription %s was imported before and is gone: remove its row "
                    "from the file, or give it another reference.",
                    vals["subscription_ref"],
                )
            elif differing(
                vals["row"], vals["previous_row"]
            ) & LINES and not lines._is_as_imported(subscription, vals["previous_row"]):
                reason = self.env._(
                    "The row changes subscription %s, whose lines were changed here "
                    "since it was imported: remove the row, or undo that change.",
                    vals["subscription_ref"],
                )
            if reason:
                problems.append({"line": vals["line"], "reason": reason})
        return sorted(problems, key=lambda problem: problem["line"])

    def _find_ambiguous_contacts(self, work):
        wanted = {}
        for vals in work:
            if "customer_ref" in differing(vals["row"], vals["previous_row"]):
                wanted.setdefault(vals["customer_ref"], vals["line"])
        partners = self._find("res.partner", [("ref", "in", list(wanted))])
        return [
            {
                "line": wanted[ref],
                "reason": self.env._(
                    "Contacts have the same reference %(ref)s (%(names)s): merge them "
                    "or change one reference.",
                    ref=ref,
                    names=", ".join(same.mapped("display_name")),
                ),
            }
            for ref, same in partners.grouped("ref").items()
            if len(same) > 1
        ]

    def _is_as_imported(self, subscription, row):
        """Return whether the lines of a subscription are what a row made of them."""
        currency = subscription.currency_id
        found = subscription.sale_subscription_line_ids.mapped("price_subtotal")
        made = [float(amount) for amount in self._amounts(row, currency)]
        return len(found) == len(made) and not any(
            currency.compare_amounts(a, b)
            for a, b in zip(sorted(found), sorted(made), strict=True)
        )

    @api.model
    def _subscriptions(self, refs):
        """Return ``{subscription_ref: subscription}``, archived ones too."""
        found = (
            self.env["sale.subscription"]
            .with_context(active_test=False)
            .search(
                [
                    ("company_id", "=", self.env.company.id),
                    ("subscription_ref", "in", refs),
                ]
            )
        )
        return {subscription.subscription_ref: subscription for subscription in found}

    # --- importing --------------------------------------------------------------------

    def _import(self):
        """Make or change the subscriptions of lines of one import and book the ledger.

        Never causes an invoice or a mail: the next invoice date lies after the real
        today, and nothing is tracked or followed.

        :raise UserError: a subscription or contact of a line is not what it was
        """
        import_ = self.import_id
        lines = self._quiet()
        new = lines.filtered(lambda line: not line.previous_row)
        changed = lines - new
        masters = lines._masters("row", "previous_row")
        changed._point_at_subscriptions()
        Movement = lines.env["subscription.movement"]
        history = Movement._history(changed.subscription_id)
        before = changed._accounts("previous_row")
        new._create_subscriptions(masters)
        changed._change_subscriptions(masters, "row", "previous_row")
        renamed = changed._change_contacts()
        after = lines._accounts("row")
        as_of, seen_until = import_.as_of, import_.previous_as_of
        # What an earlier file did not know of was learned now, unless it lies later.
        # Parts of one export are imported as of the same day and are a first import.
        late = seen_until and seen_until < as_of
        for some, events, known_on in (
            (
                new,
                {line.subscription_id: first_events(after[line]) for line in new},
                as_of if late else None,
            ),
            (
                changed,
                {
                    line.subscription_id: later_events(
                        before[line],
                        after[line],
                        as_of,
                        history[line.subscription_id.id],
                    )
                    for line in changed
                },
                as_of,
            ),
        ):
            if some:
                Movement._book(events, as_of, known_on, seen_until, import_, "imported")
                some._tell_terms(as_of, known_on, seen_until)
        (lines - renamed).contact = False
        lines.env.flush_all()
        lines.write({"state": "done", "error": False})
        for line in lines:
            line.stamp = line.subscription_id.write_date

    def _tell_terms(self, as_of, known_on, seen_until):
        """Tell what the subscriptions are sold as: new ones from the start on.

        A change is dated and known as the amounts are, see :meth:`_import`.
        """
        days = {}
        for line in self:
            end = line.row["end_date"]
            if line.previous_row:
                begin = date.fromisoformat(end) if end else as_of
            else:
                begin = date.fromisoformat(line.row["start_date"])
            first_seen = not known_on or (seen_until and begin > seen_until)
            days[line.subscription_id.id] = begin, begin if first_seen else known_on
        self.env["subscription.terms"]._tell(days, "imported", self.import_id)

    def _quiet(self):
        """Return the lines in their company, where writing tells nobody."""
        return self.with_company(self.import_id.company_id).with_context(
            mail_create_nolog=True,
            mail_create_nosubscribe=True,
            tracking_disable=True,
            **{TOLD: True},
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
                    subscription.is_paused,
                ),
            )
        return accounts

    def _point_at_subscriptions(self):
        """Find the subscriptions that earlier imports made of the lines."""
        found = self._subscriptions(self.mapped("subscription_ref"))
        for line in self:
            if line.subscription_ref not in found:
                raise UserError(
                    self.env._("Subscription %s is gone.", line.subscription_ref)
                )
            line.subscription_id = found[line.subscription_ref]

    def _create_subscriptions(self, masters):
        subscriptions = self.env["sale.subscription"].create(
            [
                {
                    **line._changes("row", False, masters),
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
        self._set_next_invoice("row", {})

    def _change_subscriptions(self, masters, new, old):
        """Write on subscriptions what differs between two states of their rows."""
        relined = rescheduled = self.browse()
        planned = {}
        for line in self:
            differences = differing(line[new], line[old])
            changes = line._changes(new, old, masters)
            planned[line] = line.subscription_id.recurring_next_date
            if differences & LINES:
                # Clearing them would leave them behind without a subscription.
                line.subscription_id.sale_subscription_line_ids.unlink()
                relined |= line
            line.subscription_id.write(changes)
            if "stage_id" in changes or "date_start" in changes:
                # A write of the stage sets the start to today, see subscription_oca.
                start = date.fromisoformat(line[new]["start_date"])
                line.subscription_id.date_start = start
            if differences & {"unit", "interval", "start_date", "end_date"}:
                rescheduled |= line
        relined._fit_prices(new)
        rescheduled._set_next_invoice(new, planned)

    def _changes(self, new, old, masters):
        """Return values of a subscription for the cells in which two rows differ.

        :param new: field of the row that is to hold
        :param old: field of the row that holds (False: none, all values are returned)
        """
        row = self[new]
        differences = differing(row, old and self[old])
        ended = bool(row["end_date"])
        changes = {}
        if "customer_ref" in differences:
            partner = masters.partners[row["customer_ref"]]
            customer = masters.customers[partner.commercial_partner_id]
            changes.update(partner_id=partner.id, customer_id=customer.id)
        if differences & PLAN:
            plan = masters.plans[row["plan"], row["unit"], row["interval"]]
            changes["template_id"] = plan.id
        if "currency" in differences:
            changes["pricelist_id"] = masters.pricelists[row["currency"]].id
        if differences & LINES:
            changes["sale_subscription_line_ids"] = self._order_lines(row, masters)
        if "payment_method" in differences:
            changes["payment_method"] = row["payment_method"] or False
        if "start_date" in differences:
            changes["date_start"] = date.fromisoformat(row["start_date"])
        if not old or ended != bool(self[old]["end_date"]):
            stage = masters.stages["post" if ended else "in_progress"]
            changes.update(stage_id=stage.id, in_progress=not ended)
        return changes

    def _order_lines(self, row, masters):
        """Return commands that make the lines of a subscription."""
        currency = masters.currencies[row["currency"]]
        return [
            Command.create(
                {
                    "product_id": masters.products[name].id,
                    "name": name,
                    "price_unit": float(amount),
                    "discount": 0,
                }
            )
            for name, amount in zip(
                row["products"] or [row["plan"]],
                self._amounts(row, currency),
                strict=True,
            )
        ]

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
                # Percentages fit at once, fixed taxes come nearer with each step.
                for _step in range(5):
                    rest = float(amount) - order_line.price_subtotal
                    if currency.is_zero(rest):
                        break
                    order_line.price_unit += rest * (
                        order_line.price_total / order_line.price_subtotal
                        if order_line.price_subtotal
                        else 1
                    )

    def _set_next_invoice(self, which, planned):
        """Bill running subscriptions from their first boundary after today on.

        :param planned: next dates so far, by line; a later one stays, so that what was
            billed already is not billed again
        """
        # The billing cron goes by the server's day, people by that of the company.
        today = max(self.env.company._subscription_today(), fields.Date.today())
        for line in self:
            row, subscription = line[which], line.subscription_id
            if row["end_date"]:
                subscription.recurring_next_date = False
                continue
            boundary = period.next_boundary(
                date.fromisoformat(row["start_date"]),
                row["unit"],
                row["interval"],
                today,
            )
            subscription.recurring_next_date = max(
                boundary, planned.get(line) or boundary
            )

    def _change_contacts(self):
        """Carry new names and e-mails over, unless someone corrected them by hand.

        :return: the lines that changed a contact; they keep what it was before
        """
        renamed = self.browse()
        for line in self:
            row, old = line.row, line.previous_row
            partner = line.subscription_id.partner_id
            if row["contact"] == old["contact"] or (
                row["customer_ref"] != old["customer_ref"]
            ):
                continue
            if contact_digest(partner.name, partner.email) == old["contact"]:
                new = line.contact
                line.contact = {"name": partner.name, "email": partner.email}
                partner.write({"name": new["name"], "email": new["email"] or False})
                renamed |= line
        self._restamp_contacts(renamed)
        return renamed

    def _restamp_contacts(self, renamed):
        partners = renamed.subscription_id.partner_id
        self.env["subscription.import.record"]._restamp(partners)
