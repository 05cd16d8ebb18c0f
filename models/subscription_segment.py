# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import random

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from .errors import error_text
from .segment_domain import read_domain

#: What decides on who is in a segment, or on which one is the first.
DECIDING = {
    "active",
    "company_id",
    "enter_domain",
    "exclusive_group",
    "minimum_stay_days",
    "sequence",
    "stay_domain",
}


class SubscriptionSegment(models.Model):
    """A named set of subscriptions, and what follows from being in it.

    A domain says who enters, another one (if need be) who stays. Who is in is written
    down as memberships, from when to when; tags and the priority of tickets follow.
    """

    _name = "subscription.segment"
    _description = "Subscription Segment"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    key = fields.Char(
        readonly=True,
        index="btree_not_null",
        copy=False,
        help="By what the addon knows a segment that it brought, whatever its name.",
    )
    description = fields.Text(
        translate=True, help="What the segment is for, and what to do about it."
    )
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        comodel_name="res.company",
        index=True,
        help="Empty: for the subscriptions of all companies.",
    )
    sequence = fields.Integer(
        default=10,
        help="The first segment that a customer is in is its primary one.",
    )
    color = fields.Integer(
        default=lambda self: random.randint(1, 11),
        help="Of its badge and of the tags made for it. Odoo leaves a tag without a "
        "colour (the first, white one) out of kanban cards.",
    )
    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Owner",
        domain=[("share", "=", False)],
        default=lambda self: self.env.user,
    )
    enter_domain = fields.Char(
        string="Enters",
        required=True,
        default="[]",
        help="Which subscriptions enter the segment. Dates like 'today -30d' count "
        "from the day that is evaluated; names are those in the language of the "
        "company.",
    )
    stay_domain = fields.Char(
        string="Stays",
        help="Which of its subscriptions stay in it; empty: those that would enter. "
        "A wider condition keeps subscriptions from going to and fro at a limit.",
    )
    minimum_stay_days = fields.Integer(
        string="Minimum Stay (days)",
        help="Who has entered stays at least so long.",
    )
    exclusive_group = fields.Char(
        help="Of the segments with the same text here, a subscription is in the first "
        "one only, or in the one that it is pinned in.",
    )
    tag_partners = fields.Boolean(
        string="Tag Contacts",
        help="Customers in the segment bear the tag. Tags of contacts are shared by "
        "all companies, so that only a segment for all companies sets them.",
    )
    partner_tag_id = fields.Many2one(
        comodel_name="res.partner.category",
        string="Contact Tag",
        ondelete="set null",
    )
    tag_leads = fields.Boolean(help="Open leads of customers in it bear the tag.")
    lead_tag_id = fields.Many2one(
        comodel_name="crm.tag", string="Lead Tag", ondelete="set null"
    )
    tag_tickets = fields.Boolean(help="Open tickets of customers in it bear the tag.")
    ticket_tag_id = fields.Many2one(
        comodel_name="helpdesk.ticket.tag", string="Ticket Tag", ondelete="set null"
    )
    tag_subscriptions = fields.Boolean(help="Subscriptions in it bear the tag.")
    subscription_tag_id = fields.Many2one(
        comodel_name="sale.subscription.tag",
        string="Subscription Tag",
        ondelete="set null",
    )
    ticket_priority = fields.Selection(
        selection="_selection_ticket_priority",
        help="Open tickets of customers in it are raised to this priority, once, and "
        "never lowered. Empty: the segment raises none.",
    )
    membership_ids = fields.One2many(
        comodel_name="subscription.segment.membership",
        inverse_name="segment_id",
        string="Memberships",
    )

    _minimum_stay_check = models.Constraint(
        "CHECK (minimum_stay_days BETWEEN 0 AND 3650)",
        "The minimum stay must be 0 to 3650 days.",
    )

    @api.model
    def _selection_ticket_priority(self):
        return (
            self.env["helpdesk.ticket"]
            ._fields["priority"]
            ._description_selection(self.env)
        )

    def _segment_entered(self, subscriptions):
        """Hook for what follows when subscriptions enter the segment, by batches.

        In the transaction that writes the memberships; an error leaves these, and is
        named on the refresh.
        """

    def _segment_left(self, subscriptions):
        """Hook for what follows when subscriptions leave; see the one for entering."""

    def _follow(self, company, subscriptions=None, raising=True):
        """Hook for what follows the memberships as they are now (tags, priorities).

        Set-wise, after every change of memberships, in its transaction.

        :param subscriptions: those whose memberships changed (None: look at all)
        :param raising: False: a refresh raises priorities later
        :return: ``[(record, error)]`` of what failed and stopped nothing else
        """
        return []

    # --- who is meant -----------------------------------------------------------------

    @api.constrains("enter_domain", "stay_domain", "company_id")
    def _check_domains(self):
        """Refuse a domain that cannot be searched with.

        As it will be evaluated, and as the user: she finds nobody by fields that she
        may not read.
        """
        for segment in self:
            company = segment.company_id or self.env.company
            for name in ("enter_domain", "stay_domain"):
                try:
                    with self.env.cr.savepoint():
                        segment._try_domain(name, company)
                except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                    raise
                except Exception as error:
                    raise ValidationError(
                        self.env._(
                            "%(field)s of segment %(segment)s: %(reason)s",
                            field=self._fields[name]._description_string(self.env),
                            segment=segment.name,
                            reason=error_text(error),
                        )
                    ) from error

    def _try_domain(self, name, company):
        """Have the database understand the search by one of the domains."""
        query = self._matching(name, company, company._subscription_today())
        if query is None:
            return
        self.env.execute_query(SQL("SELECT FROM %s AS found LIMIT 0", query))
        # Odoo checks what is saved as the system.
        if self.env.uid != api.SUPERUSER_ID:
            domain = self._domain(name, company, company._subscription_today())
            self.env["sale.subscription"].sudo(False)._search(domain)

    def _domain(self, name, company, as_of):
        """Return one of the domains as of a day, None if there is none."""
        text = self[name]
        if not text or not text.strip():
            return None
        model = self._subscriptions_of(company, as_of)
        # Of the company itself, which knows nothing of the day that is evaluated.
        days = (as_of - company._subscription_today()).days
        domain = read_domain(self.env, text, model, days)
        # What is left when a screen's conditions to stay are taken away.
        return None if name == "stay_domain" and domain.is_true() else domain

    def _subscriptions_of(self, company, as_of):
        """Return the model of subscriptions as domains are searched in a company.

        The same for whoever has it done: by the system, in the language and the time
        zone of the company, on a day.
        """
        context = {
            "allowed_company_ids": company.ids,
            "subscription_as_of": as_of,
            "lang": company.sudo().partner_id.lang or None,
            "tz": company._subscription_zone(),
        }
        env = self.env(user=api.SUPERUSER_ID, su=True, context=context)
        return env["sale.subscription"]

    def _matching(self, name, company, as_of):
        """Return SQL that selects the ids of a company's subscriptions by a domain.

        Archived ones too only where the domain asks for ``active``.

        :return: a subquery, None if there is no domain
        """
        domain = self._domain(name, company, as_of)
        if domain is None:
            return None
        model = self._subscriptions_of(company, as_of)
        model.env.flush_all()
        query = model._search(Domain("company_id", "=", company.id) & domain)
        return query.subselect(SQL.identifier(query.table, "id"))

    def _is_valid_for(self, company):
        """Return whether the segment is one of a company."""
        return self.active and self.company_id in (company.browse(), company)

    @api.model
    def _of_company(self, company):
        """Return the segments of a company, in order."""
        return self.search([("company_id", "in", (company.id, False))])

    # --- when it changes --------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        segments = super().create(vals_list)
        if not self.env.context.get("install_mode"):
            segments._evaluate_now()
        return segments

    def write(self, vals):
        groups = set(self.mapped("exclusive_group"))
        result = super().write(vals)
        changed = DECIDING & vals.keys()
        if changed - {"sequence"} or changed and any(groups):
            self._evaluate_now(groups)
        elif changed:
            for company in self._companies():
                self._store_primary(company)
        return result

    def copy_data(self, default=None):
        """Name the copies as such."""
        copies = super().copy_data(default)
        if "name" not in (default or {}):
            for segment, vals in zip(self, copies, strict=True):
                vals["name"] = self.env._("%s (copy)", segment.name)
        return copies

    def unlink(self):
        """Have all leave it before it goes, for what follows from that."""
        self.filtered("active").action_archive()
        # Not with the row: their open activities would stay for good.
        rules = self.env["subscription.health.rule"].sudo()
        rules = rules.with_context(active_test=False)
        rules.search([("segment_id", "in", self.ids)]).unlink()
        return super().unlink()

    def action_evaluate(self):
        """Evaluate the segments as of today.

        :raise AccessError: the user may not decide on segments
        """
        self.check_access("write")
        self._evaluate_now()
