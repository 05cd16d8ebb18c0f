# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

MODULE = "subscription_segmentation"


class MailingMailing(models.Model):
    """Who may write to subscribers: whoever may read them, and what is asked of them.

    Odoo's queue sends as the system, to whom the filter of a mailing finds: it would
    tell a person who may not read it who has a high risk.
    """

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "mailing.mailing"

    @api.model_create_multi
    def create(self, vals_list):
        mailings = super().create(vals_list)
        mailings._check_may_read_subscriptions()
        return mailings

    # No constraint: Odoo checks those as the system.
    def write(self, vals):
        result = super().write(vals)
        self._check_may_read_subscriptions()
        return result

    def _check_may_read_subscriptions(self):
        """Look at mailings by what we know, drafts too: a test of versions sends more.

        :raise AccessError: the user may not read subscriptions, or not in the companies
            to whose customers it would be sent, or not what its filter asks about
        """
        if self.env.su:
            return
        for mailing in self:
            if not mailing._to_subscriptions():
                mailing._check_may_ask()
                continue
            self.env["sale.subscription"].check_access("read")
            foreign = mailing._subscription_companies() - self.env.user.company_ids
            if foreign:
                raise AccessError(
                    self.env._(
                        "%(mailing)s would be sent to customers of %(companies)s, who "
                        "are none of yours.",
                        mailing=mailing.subject,
                        companies=", ".join(foreign.sudo().mapped("name")),
                    )
                )

    def _check_may_ask(self):
        """Look at what the filter of a mailing to others asks about.

        Contacts, leads and tickets know the risk and the MRR of their customer.

        :raise AccessError: the user may not read a field of ours in it
        """
        model = self.env.get(self.mailing_model_real)
        if model is None:
            return
        asked = [(model, Domain(self._parse_mailing_domain()))]
        while asked:
            model, domain = asked.pop()
            for condition in domain.iter_conditions():
                own = model
                for name in condition.field_expr.split("."):
                    field = own._fields.get(name)
                    if field is None:
                        break
                    if field._module == MODULE:
                        own._check_field_access(field, "read")
                    if field.relational:
                        own = self.env[field.comodel_name]
                if isinstance(condition.value, (Domain, list)) and (
                    "any" in condition.operator
                ):
                    asked.append((own, Domain(condition.value)))
