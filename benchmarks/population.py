# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A company of any size, made set-wise: subscriptions, their ledger and invoices."""

from odoo.tools import SQL

INVOICES = 6
TICKETS = 3
USAGE = 30
TABLES = (
    "res_partner",
    "subscription_customer",
    "sale_subscription",
    "sale_subscription_line",
    "subscription_movement",
    "subscription_terms",
    "account_move",
    "account_move_line",
    "account_partial_reconcile",
    "crm_lead",
    "helpdesk_ticket",
    "subscription_usage",
    "subscription_terms",
)


def fill(env, number):
    """Make ``number`` running subscriptions of as many customers and leads.

    They started half a year to two years ago. Each has a line, terms, three movements
    and six monthly invoices with a receivable line; the last invoice of every tenth is
    open and past due, the others are paid. Each has three tickets, one of which is open
    for every eighth, and thirty days of use of five features.
    """
    company = env.company
    account = env["account.account"].search(
        [("account_type", "=", "asset_receivable")], limit=1
    )
    stage = env["sale.subscription.stage"].search([("type", "=", "in_progress")])[:1]
    values = {
        "number": number,
        "company": company.id,
        "currency": company.currency_id.id,
        "stage": stage.id,
        "plan": env["sale.subscription.template"].create({"name": "Bench"}).id,
        "product": env["product.product"].create({"name": "Bench"}).id,
        "pricelist": env["product.pricelist"].create({"name": "Bench"}).id,
        "account": account.id,
        "journal": env["account.journal"].search([("type", "=", "sale")], limit=1).id,
        "invoices": INVOICES,
        "tickets": TICKETS,
        "usage": USAGE,
        "features": _features(env).ids,
        "today": company._subscription_today(),
    }
    for statement in STATEMENTS:
        env.cr.execute(SQL(statement, **values))
    env.cr.commit()
    env.invalidate_all()


def _features(env):
    return env["subscription.feature"].create(
        [
            {"name": f"Bench {n}", "code": f"bench{n}", "is_key": n == 1}
            for n in range(5)
        ]
    )


def vacuum(env, tables=TABLES):
    """Clear the tables of what updates left behind, as autovacuum does in time."""
    env.cr.commit()
    connection = env.cr.connection
    connection.autocommit = True
    try:
        for table in tables:
            env.cr.execute(SQL("VACUUM (ANALYZE) %s", SQL.identifier(table)))
    finally:
        connection.autocommit = False


STATEMENTS = (
    """
    INSERT INTO res_partner (name, complete_name, active, type, autopost_bills)
    SELECT 'Bench ' || n, 'Bench ' || n, TRUE, 'contact', 'ask'
      FROM generate_series(1, %(number)s) AS n
    """,
    "UPDATE res_partner SET commercial_partner_id = id WHERE name LIKE 'Bench %%'",
    """
    INSERT INTO subscription_customer (partner_id, company_id)
    SELECT id, %(company)s FROM res_partner WHERE name LIKE 'Bench %%'
    """,
    """
    INSERT INTO sale_subscription (
        partner_id, customer_id, company_id, template_id, pricelist_id, currency_id,
        stage_id, in_progress, active, name, date_start, recurring_next_date,
        recurring_rule_boundary
    )
    SELECT partner_id, id, %(company)s, %(plan)s, %(pricelist)s, %(currency)s,
           %(stage)s, TRUE, TRUE, CASE WHEN id %% 3 > 0 THEN 'Bench' ELSE 'Other' END,
           %(today)s::date - 190 - (id * 7 %% 540)::int,
           %(today)s::date + 1 + (id %% 28)::int, TRUE
      FROM subscription_customer
    """,
    """
    INSERT INTO sale_subscription_line (
        sale_subscription_id, company_id, currency_id, product_id, name,
        product_uom_qty, price_unit, price_subtotal, price_total
    )
    SELECT id, company_id, currency_id, %(product)s, 'Seat', 1, 25 + id %% 50,
           25 + id %% 50, 25 + id %% 50
      FROM sale_subscription
    """,
    """
    INSERT INTO subscription_movement (
        subscription_id, subscription_res_id, reference, customer_id, company_id, date,
        known_on, event, origin, currency_id, running_delta, paused_delta, mrr_delta,
        mrr_effective_delta, company_rate
    )
    SELECT s.id, s.id, 'Bench', s.customer_id, s.company_id, s.date_start + later,
           s.date_start + later, event, 'recorded', s.currency_id, running, 0,
           delta + step * (s.id %% 50), delta + step * (s.id %% 50), 1
      FROM sale_subscription s,
           (VALUES (0, 'start', 1, 20, 0), (60, 'change', 0, 5, 0),
                   (150, 'change', 0, 0, 1)
           ) AS step (later, event, running, delta, step)
    """,
    """
    INSERT INTO subscription_terms (
        subscription_id, subscription_res_id, company_id, date, known_on, origin,
        template_id, unit, interval, discount, product_key
    )
    SELECT id, id, company_id, date_start, date_start, 'recorded', template_id,
           'months', 1, 0, %(product)s::text
      FROM sale_subscription
    """,
    """
    INSERT INTO account_move (
        journal_id, currency_id, company_id, state, move_type, auto_post, date,
        invoice_date, amount_total, subscription_id, commercial_partner_id, name
    )
    SELECT %(journal)s, s.currency_id, s.company_id, 'posted', 'out_invoice', 'no',
           due.day, due.day, 25 + s.id %% 50, s.id, s.partner_id,
           'BENCH/' || s.id || '/' || n
      FROM sale_subscription s, generate_series(1, %(invoices)s) AS n,
   LATERAL (SELECT (s.date_start
                    + ((DATE_PART('year', AGE(%(today)s::date, s.date_start)) * 12
                        + DATE_PART('month', AGE(%(today)s::date, s.date_start))
                        - %(invoices)s + n) || ' months')::interval)::date) AS due (day)
    """,
    """
    INSERT INTO account_move_line (
        move_id, company_id, journal_id, account_id, currency_id, company_currency_id,
        display_type, parent_state, date, date_maturity, balance, debit, credit,
        amount_currency, amount_residual, amount_residual_currency
    )
    SELECT id, company_id, journal_id, %(account)s, currency_id, currency_id,
           'payment_term', 'posted', invoice_date, invoice_date + 10, amount_total,
           amount_total, 0, amount_total, open, open
      FROM (
        SELECT *, CASE WHEN subscription_id %% 10 = 0
                        AND name LIKE '%%/' || %(invoices)s
                       THEN amount_total ELSE 0 END AS open
          FROM account_move WHERE name LIKE 'BENCH/%%'
      ) AS invoice
    """,
    # One payment of everything will do: what is read is the reconciliation.
    """
    INSERT INTO account_partial_reconcile (
        debit_move_id, credit_move_id, company_id, amount, debit_amount_currency,
        credit_amount_currency, max_date
    )
    SELECT line.id, (SELECT MAX(id) FROM account_move_line), line.company_id,
           line.balance, line.balance, line.balance, line.date_maturity - 2
      FROM account_move_line line
      JOIN account_move move ON move.id = line.move_id
     WHERE move.name LIKE 'BENCH/%%' AND line.amount_residual = 0
    """,
    """
    INSERT INTO crm_lead (
        name, type, active, partner_id, company_id, subscription_customer_id,
        probability, stage_id
    )
    SELECT 'Bench', 'opportunity', TRUE, partner_id, company_id, id, id %% 97,
           (SELECT MIN(id) FROM crm_stage) + (id %% 3 = 0)::int
      FROM subscription_customer
    """,
    """
    INSERT INTO helpdesk_ticket (
        name, number, description, active, company_id, partner_id,
        commercial_partner_id, stage_id, create_date, closed_date, priority,
        rating_status
    )
    SELECT 'Bench', 'BENCH' || c.id || '/' || n, '', TRUE, c.company_id, c.partner_id,
           c.partner_id, stage.id, opened, closed, '1', 'stage_change'
      FROM subscription_customer c, generate_series(1, %(tickets)s) AS n,
   LATERAL (SELECT %(today)s::timestamp
                   - ((c.id * 13 + n * 37) %% 150 || ' days')::interval) AS a (opened),
   LATERAL (SELECT CASE WHEN n > 1 OR c.id %% 8 > 0
                        THEN opened + (c.id %% 90 || ' hours')::interval END
           ) AS b (closed),
   LATERAL (SELECT MIN(id) FROM helpdesk_ticket_stage own
             WHERE COALESCE(own.closed, FALSE) = (closed IS NOT NULL)) AS stage (id)
    """,
    """
    INSERT INTO subscription_usage (
        subscription_id, feature_id, company_id, date, count, known_on, is_month,
        day_bits
    )
    SELECT s.id, (%(features)s)[1 + n %% 5], s.company_id, day, 1 + (s.id * n) %% 9,
           day, FALSE, 1
      FROM sale_subscription s, generate_series(1, %(usage)s) AS n,
   LATERAL (SELECT %(today)s::date - (n * 3 + s.id::int %% 3)) AS a (day)
    """,
)
