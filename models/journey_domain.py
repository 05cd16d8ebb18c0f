# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Conditions of journeys: domains over subscriptions, as segments have them."""

from odoo import api
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from .errors import error_text
from .segment_domain import read_domain


def matching(env, text, company):
    """Return SQL that selects the ids of a company's subscriptions by a domain, now.

    :param text: a domain of literals, see :mod:.segment_domain
    :return: a subquery; None: the text asks for nothing, all match
    """
    if not text or not text.strip():
        return None
    model = env["subscription.segment"]._subscriptions_of(
        company, company._subscription_today()
    )
    domain = read_domain(env, text, model, 0)
    if domain.is_true():
        return None
    # Who has left may be archived; whether that matters is the journey's matter.
    model = model.with_context(active_test=False)
    model.env.flush_all()
    query = model._search(Domain("company_id", "=", company.id) & domain)
    return query.subselect(SQL.identifier(query.table, "id"))


def check_domain(record, name):
    """Refuse a domain that cannot be searched with, as the user and as the system.

    :raise ValidationError: says what is wrong with it
    """
    env = record.env
    company = record.company_id or env.company
    try:
        with env.cr.savepoint():
            query = matching(env, record[name], company)
            if query is not None:
                env.execute_query(SQL("SELECT FROM %s AS found LIMIT 0", query))
                # Odoo checks what is saved as the system.
                if env.uid != api.SUPERUSER_ID:
                    model = env["sale.subscription"].sudo(False)
                    model._search(read_domain(env, record[name], model, 0))
    except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
        raise
    except Exception as error:
        raise ValidationError(
            env._(
                "%(field)s of %(record)s: %(reason)s",
                field=record._fields[name]._description_string(env),
                record=record.name,
                reason=error_text(error),
            )
        ) from error
