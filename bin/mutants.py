# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Run by `make mutants`: break a copy of the addon on purpose, one line at a time.

Each mutant names the test that must go red. A mutant that survives is a hole in the
tests; one whose line is gone must be written anew.
"""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple


class Mutant(NamedTuple):
    """``test``: a file below tests/analytics, or ``Class.method`` of an Odoo test.

    ``update``: the database changes with it (indexes, records), not only the code.
    """

    invariant: str
    file: str
    old: str
    new: str
    test: str
    update: bool = False


#: What takes longer than this goes round in circles: it is noticed.
SECONDS = 600
LEDGER = "analytics/ledger.py"
CUSTOMER = "models/subscription_customer.py"
LIVE = "models/sale_subscription_ledger.py"
LINK = "models/subscription_customer_link.py"
POSITIONS = "signals/positions.py"
INVOICES = "signals/renewals.py"
EVIDENCE = "signals/evidence.py"
RENEWALS = "analytics/renewals.py"
BACKFILL = "analytics/backfill.py"
REFRESH = "models/subscription_refresh.py"
STAGING = "models/subscription_refresh_staging.py"
SCORING = "models/scoring.py"
TERMS = "signals/terms.py"
SUBSCRIPTIONS = "signals/subscriptions.py"
LEGS = "analytics/legs.py"
SURVIVAL = "analytics/survival.py"
CLV = "analytics/clv.py"
PANEL = "analytics/churn/panel.py"
SCORECARD = "analytics/churn/scorecard.py"
BANDS = "analytics/churn/bands.py"
USAGE = "signals/usage.py"
INGEST = "models/subscription_usage_ingest.py"
PAYMENTS = "signals/payments.py"
PRICE = "signals/price.py"
SUPPORT = "signals/support.py"
ENGAGEMENT = "signals/engagement.py"
SEGMENT = "models/subscription_segment.py"
ENGINE = "models/subscription_segment_engine.py"
HEALTH = "analytics/health.py"
HEALTH_CHECK = "models/subscription_health_check.py"
HEALTH_ALERT = "models/subscription_health_alert.py"
LINKS = "models/subscription_segment_link_sync.py"
PRIORITY = "models/helpdesk_ticket_priority.py"
REFERRALS = "signals/referrals.py"
PAGE = "models/subscription_customer_view.py"
PAGE_TALK = "models/subscription_customer_view_talk.py"
PAGE_EVENTS = "models/subscription_customer_view_events.py"
MANAGERS = "models/subscription_customer_manager.py"
UPLIFT = "analytics/uplift.py"
OUTCOMES = "signals/outcomes.py"
CAMPAIGN_UPLIFT = "models/subscription_campaign_uplift.py"
RECOMMEND = "analytics/recommend.py"
RECOMMENDING = "models/recommending.py"
FEATURE_USE = "signals/feature_use.py"
REACH = "models/sale_subscription_reach.py"
MAILING = "models/mailing_mailing.py"
JOURNEY_RUN = "models/subscription_journey_run.py"
JOURNEY_CHECK = "models/subscription_journey_check.py"
JOURNEY_EMAIL = "models/subscription_journey_email.py"
JOURNEY_STEP = "models/subscription_journey_step.py"
JOURNEY_OFFER = "models/subscription_journey_offer.py"
JOURNEY_HAND = "models/subscription_journey_hand.py"
BILLING = "models/sale_subscription_offer.py"
GRANT = "models/subscription_offer_grant.py"
GRANTING = "models/subscription_offer_granting.py"
OFFERS = "signals/offers.py"
PAST = "TestSignalTable.test_past_signals_never_change_when_data_is_added"
OTHERS = "TestSignalTable.test_companies_do_not_influence_each_other"
MUTANTS = [
    # 1. A signal computed as of a past date never changes when later data is added.
    Mutant(
        "1 as of",
        LEDGER,
        "known_by is None or row.known_on <= known_by",
        "known_by is None or row.date <= known_by",
        "test_ledger.py",
    ),
    Mutant(
        "1 as of",
        POSITIONS,
        "AND known_on <= %s",
        "AND known_on <= GREATEST(%s, known_on)",
        "TestSignals.test_positions_know_only_what_was_known",
    ),
    Mutant(
        "1 as of: invoices",
        INVOICES,
        "AND move.invoice_date <= %s",
        "AND move.invoice_date <= GREATEST(%s, move.invoice_date)",
        "TestRenewalSignal.test_past_signal_never_changes_when_data_is_added",
    ),
    Mutant(
        "1 as of: paid later",
        INVOICES,
        "WHERE paid.max_date > %(as_of)s",
        "WHERE paid.max_date > GREATEST(%(as_of)s, paid.max_date)",
        "TestRenewalSignal.test_paid_counts_from_the_day_of_the_payment",
    ),
    Mutant(
        "1 as of: reversed later",
        INVOICES,
        "AND invoice_date <= %(as_of)s",
        "",
        "TestRenewalSignal.test_past_signal_never_changes_when_data_is_added",
    ),
    Mutant(
        "1 as of: runs end today",
        RENEWALS,
        "some = some[day[some] <= runs.last_day[row[some]]]\n",
        "",
        "test_renewals.py",
    ),
    Mutant(
        "1 as of: the plan is of now",
        SCORING,
        'frame["next_invoice_date"] = pd.NaT',
        "pass",
        "TestRefresh.test_past_day_is_told_as_it_was",
    ),
    Mutant(
        "1 as of: sold as",
        "signals/billing.py",
        "told=known_terms(company, as_of, ids)",
        "told=known_terms(company, company._subscription_today(), ids)",
        "TestTerms.test_past_signal_never_changes_when_the_plan_does",
    ),
    Mutant(
        "1 as of: told later",
        "signals/billing.py",
        "COALESCE(told.unit, first.unit, t.recurring_rule_type, 'months')",
        "COALESCE(told.unit, t.recurring_rule_type, 'months')",
        "TestTerms.test_what_was_never_told_is_told_from_the_start",
    ),
    Mutant(
        "1 as of: the last row of a day",
        TERMS,
        'date DESC, known_on DESC, subscription_terms.id DESC\n        """,',
        'date DESC, known_on DESC\n        """,',
        "TestTerms.test_several_changes_of_a_day",
    ),
    Mutant(
        "1 as of: periods that held then",
        SCORING,
        "terms_history(env, company, as_of, ids, several=True)",
        "terms_history(env, company, as_of, [], several=True)",
        "TestTerms.test_renewals_count_in_the_periods_that_held",
    ),
    Mutant(
        "1 as of: changes after the run",
        LEGS,
        "known = effect <= end[rows.run]",
        "known = effect < NEVER",
        "test_legs.py",
    ),
    Mutant(
        "1 legs: from the first invoice on",
        LEGS,
        "some = billed.first[run] >= day",
        "some = billed.first[run] >= billed.first[run]",
        "test_legs.py",
    ),
    Mutant(
        "1 legs: nothing of the new period renewed",
        LEGS,
        "take(known & (first | ~missed))",
        "take(known)",
        "test_legs.py",
    ),
    Mutant(
        "1 legs: a change that never took effect",
        LEGS,
        "return rows.take(rows.first() | ~np.append(False, same))",
        "return rows",
        "test_legs.py",
    ),
    Mutant(
        "1 terms: sold otherwise",
        SUBSCRIPTIONS,
        "present.running AND (%(now)s) IS DISTINCT FROM (%(before)s)",
        "present.running AND told.id IS NULL",
        "TestTerms.test_plan_changes_at_the_same_mrr",
    ),
    Mutant(
        "2 terms: only what differs",
        "models/subscription_terms.py",
        "WHERE (%(now)s) IS DISTINCT FROM (%(before)s)",
        "WHERE TRUE",
        "TestTermsOfHistory.test_import_of_what_changed",
    ),
    Mutant(
        "4 companies: terms",
        "models/subscription_terms.py",
        "ON told.id = now.id AND told.company_id = now.company_id",
        "ON told.id = now.id",
        "TestTerms.test_one_that_moves_to_another_company",
    ),
    Mutant(
        "1 as of: deleted since",
        SCORING,
        'lives[~lives.index.isin(frame.index) & lives["running"].eq(1)]',
        "lives[:0]",
        "TestRefresh.test_deleted_later_it_ran_all_the_same",
    ),
    Mutant(
        "1 past due",
        INVOICES,
        "line.date_maturity < %s",
        "line.date_maturity <= %s",
        "TestRenewalSignal.test_unpaid_renews_up_to_its_due_date",
    ),
    Mutant(
        "1 reversed in full",
        INVOICES,
        "HAVING SUM(credited.amount) >= move.amount_total",
        "HAVING SUM(credited.amount) > 0",
        "TestRenewalSignal.test_credited_in_part_and_paid_for_the_rest_renews",
    ),
    Mutant(
        "1 credit of another invoice",
        INVOICES,
        "WHERE refund.reversed_entry_id IS NULL",
        "",
        "TestRenewalSignal.test_credit_of_another_invoice_pays",
    ),
    Mutant(
        "1 grace",
        POSITIONS,
        "AND (days IS NULL OR days > %(grace)s)",
        "",
        "TestSignals.test_relationship_goes_on_through_short_breaks",
    ),
    Mutant(
        "1 as of: notices",
        "signals/notices.py",
        "AND known_on <= %s",
        "AND known_on <= GREATEST(%s, known_on)",
        "TestNotice.test_signal_knows_what_was_known",
    ),
    Mutant(
        "1 as of: withdrawn later",
        "signals/notices.py",
        "AND COALESCE(withdrawn_on > %(as_of)s, TRUE)",
        "AND withdrawn_on IS NULL",
        "TestNotice.test_signal_knows_what_was_known",
    ),
    Mutant(
        "1 as of: carried out later",
        "signals/notices.py",
        "AND COALESCE(closed_on > %(as_of)s, TRUE)",
        "AND closed_on IS NULL",
        "TestNotice.test_signal_knows_what_was_known",
    ),
    Mutant(
        "1 as of: events withdrawn later",
        "signals/notices.py",
        "withdrawn_on <= %(until)s",
        "%(until)s IS NOT NULL",
        "TestNotice.test_withdrawal_is_not_known_before",
    ),
    Mutant(
        "1 as of: answers",
        "signals/nps.py",
        "AND known_on <= %(as_of)s",
        "AND known_on <= GREATEST(%(as_of)s, known_on)",
        "TestNps.test_signal_knows_what_was_known",
    ),
    Mutant(
        "1 as of: no one says since when",
        "models/subscription_notice.py",
        "for name in vals if name in RECORDED}",
        "for name in vals}",
        "TestNotice.test_facts_stay",
    ),
    # 2. The refresh is idempotent, resumable, and touches only rows that differ.
    Mutant(
        "2 only rows that differ",
        STAGING,
        "AND (%(old)s) IS DISTINCT FROM (%(new)s)",
        "",
        "TestRefresh.test_second_run_writes_nothing",
    ),
    Mutant(
        "2 resumable: newer is kept",
        STAGING,
        "AND record.id <> ALL(%(moved)s)",
        "",
        "TestRefresh.test_what_happens_meanwhile_is_not_overwritten",
    ),
    Mutant(
        "2 resumable: by id",
        REFRESH,
        '"last_id": ids[-1],\n                    "changed_count"',
        '"last_id": ids[-1] + 1,\n                    "changed_count"',
        "TestRefresh.test_batches_are_complete",
    ),
    Mutant(
        "2 resumable: second table",
        REFRESH,
        'self.write({"last_table": list(TABLES)[-1], "last_id": 0})',
        "self.last_table = list(TABLES)[-1]",
        "TestRefresh.test_batches_are_complete",
    ),
    Mutant(
        "2 resumable: lost staging",
        STAGING,
        "return filled or not self.seen_count",
        "return True",
        "TestRefresh.test_staging_that_was_lost_is_made_again",
    ),
    Mutant(
        "2 resumable: old staging",
        STAGING,
        "                return False\n        exists",
        "                pass\n        exists",
        "TestRefresh.test_addon_updated_between",
    ),
    Mutant(
        "2 one at a time",
        REFRESH,
        "while free and self.state in OPEN:",
        "while self.state in OPEN:",
        "TestRefreshFailures.test_run_that_another_process_has",
    ),
    Mutant(
        "2 asked for meanwhile",
        REFRESH,
        "if self.again:",
        "if False:",
        "TestRefreshSchedule.test_asked_for_while_one_works",
    ),
    Mutant(
        "2 once a day",
        REFRESH,
        '"done" in states or ',
        "",
        "TestRefreshSchedule.test_asked_for_while_one_works",
    ),
    Mutant(
        "2 every day",
        REFRESH,
        'self.search(domain + [("as_of", "=", today)])',
        "self.search(domain)",
        "TestRefreshSchedule.test_one_that_failed_is_tried_again_a_few_times",
    ),
    Mutant(
        "2 backfill: only what is unknown",
        "models/subscription_backfill.py",
        '                ("movement_ids", "=", False),\n',
        "",
        "TestBackfill.test_history_that_the_ledger_knows_is_left_alone",
    ),
    # 3. The ledger adds up.
    Mutant(
        "3 adds up",
        LEDGER,
        "rows += _rows(day, known(day), CHANGE, booked, {}, events[-1].note)",
        "pass",
        "test_ledger.py",
    ),
    Mutant(
        "3 adds up",
        LEDGER,
        "                before = _sum(before, booked)\n",
        "                pass\n",
        "test_ledger.py",
    ),
    Mutant(
        "3 adds up",
        LEDGER,
        "effective=Decimal(0) if state.paused else state.effective",
        "effective=state.effective",
        "test_ledger.py",
    ),
    Mutant(
        "3 kinds sum",
        LEDGER,
        "given = min(to_give, row.amount, key=abs)",
        "given = row.amount",
        "test_ledger.py",
    ),
    Mutant(
        "3 kinds, any order",
        LEDGER,
        "for row in sorted(along, key=lambda r: (r.subscription, r.event, r.delta)):",
        "for row in along:",
        "test_ledger.py",
    ),
    Mutant(
        "3 kinds",
        LEDGER,
        "return REACTIVATION if had_mrr else NEW",
        "return NEW",
        "test_ledger.py",
    ),
    Mutant(
        "3 corrections",
        "analytics/history.py",
        "moved_on = [Event(old.start_date, END, None)] if later else []",
        "moved_on = []",
        "test_history.py",
    ),
    Mutant(
        "3 history books what the lines come to",
        "signals/subscriptions.py",
        "SUM(price_subtotal) AS total",
        "SUM(price_unit) AS total",
        "TestSignals.test_mrr_sums_lines_untaxed_and_after_discount",
    ),
    Mutant(
        "3 exact halves",
        "analytics/period.py",
        "rounding=ROUND_HALF_UP",
        'rounding="ROUND_HALF_EVEN"',
        "test_period.py",
    ),
    Mutant(
        "3 successors",
        "analytics/succession.py",
        "and candidate > (start, subscription)",
        "and candidate[1] != subscription",
        "test_succession.py",
    ),
    Mutant(
        "3 drift on its own",
        "analytics/waterfall.py",
        "            + _value(native, rates, period.last)\n            - booked\n",
        "",
        "test_waterfall.py",
    ),
    Mutant(
        "3 adds up: ended outside",
        "signals/subscriptions.py",
        "ELSE booked.id IS NOT NULL",
        "ELSE FALSE",
        "TestReconciliation.test_end",
    ),
    Mutant(
        "3 adds up: changed outside",
        "signals/subscriptions.py",
        ") IS DISTINCT FROM (\n                           booked",
        ") = (\n                           booked",
        "TestReconciliation.test_price",
    ),
    Mutant(
        "3 adds up: deleted outside",
        LIVE,
        "companies[gone.id] = customer.company_id",
        "pass",
        "TestReconciliation.test_deleted",
    ),
    Mutant(
        "3 left to the backfill",
        LIVE,
        "subscriptions = self - self._left_to_backfill()",
        "subscriptions = self",
        "TestBackfill.test_what_it_will_still_take_is_left_to_it",
    ),
    Mutant(
        "3 no revenue twice: backfill",
        EVIDENCE,
        "               AND origin.order_subscription_id IS NULL\n",
        "",
        "TestBackfill.test_one_that_an_order_of_another_one_created_never_ran",
    ),
    Mutant(
        "3 reversed tells nothing",
        EVIDENCE,
        "WHERE refunded.amount IS NULL OR refunded.amount < invoice.amount_total",
        "WHERE TRUE",
        "TestBackfill.test_an_invoice_that_was_reversed_tells_nothing",
    ),
    Mutant(
        "3 backfill: today's lines",
        BACKFILL,
        "if run.end is None and last != evidence.lines:",
        "if False:",
        "test_backfill.py",
    ),
    Mutant(
        "3 backfill: billed in arrears",
        BACKFILL,
        "and not any(start < invoice.date < end for start, end in spans)",
        "and True",
        "test_backfill.py",
    ),
    Mutant(
        "3 backfill: nothing ahead",
        BACKFILL,
        "if i.date <= evidence.today",
        "if True",
        "TestBackfill.test_days_do_not_lie_ahead",
    ),
    Mutant(
        "3 backfill: the earliest end",
        BACKFILL,
        "min(found or",
        "max(found or",
        "test_backfill.py",
    ),
    # 4. Companies do not see or influence each other.
    Mutant(
        "4 companies: links",
        CUSTOMER,
        "AND customer.company_id\n"
        "                               = COALESCE(own.company_id, %(sole)s)",
        "",
        "TestCustomerLinks.test_customer_appears_in_another_company",
    ),
    Mutant(
        "4 companies: forged links",
        LINK,
        'if name != "subscription_customer_id"',
        "if name",
        "TestCustomerLinkRights.test_nobody_sets_a_link",
    ),
    Mutant(
        "4 rights: figures by group and sort",
        LINK,
        'self._check_field_access(field, "read")\n',
        "pass\n",
        "TestCustomerLinkRights.test_plain_user_reads_no_figure",
    ),
    Mutant(
        "4 rights: imports are read only",
        "security/ir.model.access.csv",
        "model_subscription_import_line,group_manager,1,0,0,0",
        "model_subscription_import_line,group_manager,1,1,1,0",
        "TestImportRights.test_managers_write_no_rows",
        update=True,
    ),
    Mutant(
        "4 rights: nobody writes what the ledger says",
        "models/sale_subscription.py",
        "if name not in LEDGER_FIELDS",
        "if name",
        "TestImportRights.test_people_do_not_write_what_the_ledger_says",
    ),
    Mutant(
        "4 companies",
        "models/subscription_import_line_masters.py",
        '("company_id", "in", (self.env.company.id, False))',
        '("id", "!=", 0)',
        "TestImport.test_same_reference_in_two_companies_stays_apart",
    ),
    Mutant(
        "4 companies: ledger",
        POSITIONS,
        "company_id = %s AND date",
        "company_id > -%s AND date",
        "TestSignals.test_companies_are_read_apart",
    ),
    Mutant(
        "4 companies: invoices",
        INVOICES,
        "move.company_id = %s AND move.state",
        "move.company_id > -%s AND move.state",
        "TestRenewalSignal.test_companies_do_not_influence_each_other",
    ),
    Mutant(
        "4 companies: scores",
        "signals/billing.py",
        "s.company_id = %(company)s AND",
        "s.company_id > -%(company)s AND",
        "TestRefresh.test_companies_are_apart",
    ),
    Mutant(
        "4 companies: backfill",
        "models/subscription_backfill.py",
        '("company_id", "=", self.company_id.id),\n                ("id"',
        '("id"',
        "TestBackfill.test_other_companies_are_left_alone",
    ),
    Mutant(
        "4 notices",
        "signals/notices.py",
        "company_id = %s AND",
        "company_id >= LEAST(%s, company_id) AND",
        "TestNotice.test_other_company",
    ),
    Mutant(
        "4 answers",
        "signals/nps.py",
        "WHERE company_id = %(company)s",
        "WHERE company_id >= LEAST(company_id, %(company)s)",
        "TestNps.test_other_company",
    ),
    Mutant(
        "4 customers of answers",
        "models/subscription_nps.py",
        "AND customer.company_id = answer.company_id",
        "",
        "TestNps.test_other_company",
    ),
    Mutant(
        "4 who may decide",
        "models/sale_subscription_notice.py",
        'self.check_access("write")',
        "pass",
        "TestNotice.test_who_may",
    ),
    # 9. A failure on one record is logged on its run and stops no other.
    Mutant(
        "9 one bad row",
        "models/subscription_import.py",
        "            if len(lines) > 1:\n                return False\n",
        "            if len(lines) > 1:\n                raise\n",
        "TestImport.test_a_row_that_fails_is_named_and_stops_no_other",
    ),
    Mutant(
        "9 one bad row: refresh",
        REFRESH,
        "if len(items) > 1:",
        "if False:",
        "TestRefreshFailures.test_row_that_cannot_be_written",
    ),
    Mutant(
        "9 a row that is held",
        REFRESH,
        "failure = error  # a row is held",
        "raise  # a row is held",
        "TestRefreshFailures.test_row_that_somebody_holds",
    ),
    Mutant(
        "9 nothing wrong of its customer",
        REFRESH,
        "        customers = customers[~customers.index.isin(incomplete)]\n",
        "",
        "TestRefreshFailures.test_customer_of_one_that_cannot_be_computed",
    ),
    Mutant(
        "9 one bad row: backfill",
        "models/subscription_backfill.py",
        "            if len(subscriptions) > 1:\n                return False\n",
        "            if len(subscriptions) > 1:\n                raise\n",
        "TestBackfill.test_one_that_fails_is_named_and_stops_no_other",
    ),
    # 8. Nothing is unpickled or evaluated. 10. The company decides what today is.
    Mutant(
        "8 no pickle",
        "models/bulk.py",
        "import pandas as pd",
        "import pickle\n\nimport pandas as pd",
        "test_source.py",
    ),
    Mutant(
        "10 today",
        "models/res_company.py",
        "return now.astimezone(ZoneInfo(self._subscription_zone())).date()",
        "return fields.Date.today()",
        "test_source.py",
    ),
    Mutant(
        "10 today",
        "models/res_company.py",
        "return now.astimezone(ZoneInfo(self._subscription_zone())).date()",
        "return now.date()",
        "TestToday.test_today_is_that_of_the_company",
    ),
    Mutant(
        "10 today: what is booked",
        LIVE,
        "today = company._subscription_today()\n        states",
        "today = fields.Datetime.now().date()\n        states",
        "TestLiveHistory.test_today_is_that_of_the_company",
    ),
    Mutant(
        "10 today: old changes",
        "signals/clock.py",
        "(%s AT TIME ZONE 'UTC' AT TIME ZONE %s)::date",
        "(%s + LENGTH(%s) * INTERVAL '0 days')::date",
        "TestBackfill.test_changes_of_stage_and_pauses_are_tracked_in_the_company_s_zone",
    ),
    Mutant(
        "10 today: days to renewal",
        "models/subscription_score.py",
        "today = company._subscription_today() if company else None",
        "today = fields.Datetime.now().date()",
        "TestToday.test_days_to_renewal_count_from_the_day_of_the_company",
    ),
    Mutant(
        "10 today: search by them",
        "models/subscription_score.py",
        "return today + timedelta(days=min(max(days, first), last))",
        "return fields.Datetime.now().date() + timedelta(days=days)",
        "TestToday.test_days_to_renewal_count_from_the_day_of_the_company",
    ),
    Mutant(
        "10 today: each company's run",
        REFRESH,
        "        today = company._subscription_today()\n        states",
        "        today = fields.Datetime.now().date()\n        states",
        "TestRefreshSchedule.test_each_company_by_its_own_midnight",
    ),
    # 11. Merging two partners loses no history.
    Mutant(
        "11 merge",
        CUSTOMER,
        "customer._merge_into(keep)",
        "pass",
        "TestPartnerMerge.test_both_are_customers_of_the_company",
    ),
    Mutant(
        "11 merge: kinds",
        CUSTOMER,
        "keep._classify_movements()",
        "pass",
        "TestPartnerMerge.test_kinds_are_derived_again",
    ),
    Mutant(
        "11 merge: new customer",
        CUSTOMER,
        "self._book_customer_changes(family)",
        "pass",
        "TestPartnerMerge.test_contact_moves_to_another_customer",
    ),
    Mutant(
        "11 merge: before Odoo deletes",
        "wizards/base_partner_merge.py",
        '        self.env["subscription.customer"].sudo()._merge_partners(\n'
        "            src_partners, dst_partner\n        )\n",
        "",
        "TestPartnerMerge.test_three_at_once",
    ),
    Mutant(
        "11 merge: a handed over pause",
        "analytics/history.py",
        "bool(balance.paused)",
        "False",
        "TestPartnerMerge.test_state_and_future_go_along",
    ),
    Mutant(
        "11 answers",
        "models/subscription_customer_nps.py",
        'self.env["subscription.nps"]._store_latest(keep)',
        "pass",
        "TestNpsMerge.test_customers",
    ),
    Mutant(
        "11 answers of contacts",
        "models/subscription_customer_nps.py",
        'self.env["subscription.nps"]._link(commercial_partners)',
        "pass",
        "TestNpsMerge.test_contact_of_another_customer",
    ),
    # 12. Missing input is missing, never zero.
    Mutant(
        "12 missing: customers",
        "analytics/customers.py",
        "sum(min_count=1)",
        "sum()",
        "test_customers.py",
    ),
    Mutant(
        "12 missing: R",
        "analytics/rfm.py",
        "_scores(5 - passed, np.isnan(values), ratio.index)",
        "_scores(5 - passed, values < 0, ratio.index)",
        "test_rfm.py",
    ),
    Mutant(
        "12 missing: F and M",
        "analytics/rfm.py",
        "max(2 * n, 1)), missing, values.index)",
        "max(2 * n, 1)), rank < 0, values.index)",
        "test_rfm.py",
    ),
    Mutant(
        "12 missing: segment",
        "analytics/rfm.py",
        "np.where(missing, -1, _CODES[row, column])",
        "_CODES[row, column]",
        "test_rfm.py",
    ),
    Mutant(
        "12 missing: tenure",
        "analytics/lifecycle.py",
        'np.where(np.isnan(values), -1, np.searchsorted(limits, values, side="right"))',
        'np.searchsorted(limits, values, side="right")',
        "test_lifecycle.py",
    ),
    Mutant(
        "12 missing: periods",
        "analytics/periods.py",
        "np.where(self.known, result, np.nan)",
        "np.where(self.known, result, 0)",
        "test_periods.py",
    ),
    Mutant(
        "12 missing: what does not run",
        "analytics/score.py",
        "return scores.reindex(ids)",
        'return scores.reindex(ids).fillna({"rfm_recency": 0, "rfm_frequency": 0})',
        "TestRefresh.test_what_cannot_be_told_is_empty",
    ),
    Mutant(
        "12 missing: customers who left",
        SCORING,
        'aggregate(subscriptions[subscriptions["is_running"]])',
        "aggregate(subscriptions)",
        "TestRefresh.test_what_cannot_be_told_is_empty",
    ),
    Mutant(
        "12 missing: no answer is found nowhere",
        "models/optional_number.py",
        "falsy_value = None",
        "falsy_value = 0",
        "TestNps.test_nothing_is_not_zero",
    ),
    Mutant(
        "12 missing: no answer is not 0",
        "models/optional_number.py",
        "    def convert_to_column(self, value, record, values=None, validate=True):\n"
        "        if value is None or value is False:\n",
        "    def convert_to_column(self, value, record, values=None, validate=True):\n"
        "        if False:\n",
        "TestNps.test_import_without_an_answer_is_refused",
    ),
    # 13. Nothing of ours stays, see uninstall_test in bin/test too.
    Mutant(
        "13 no staging table stays",
        REFRESH,
        "        self._drop_staging()\n        if notice",
        "        if notice",
        "TestRefresh.test_nothing_is_left_behind",
    ),
    Mutant(
        "13 no to-do stays",
        "hooks.py",
        'env["subscription.notice"].search([]).activity_id.unlink()',
        "pass",
        "TestNotice.test_no_to_do_is_left_behind",
    ),
    # Scores are what they are said to be.
    Mutant(
        "renewals: successors",
        RENEWALS,
        "number += linked",
        "pass",
        "test_renewals.py",
    ),
    Mutant(
        "renewals: first after a gap",
        RENEWALS,
        "        + renewed[since]\n",
        "",
        "test_renewals.py",
    ),
    Mutant(
        "renewals: 1.5 periods",
        RENEWALS,
        "2 * passed > 3 * length",
        "passed > 2 * length",
        "test_renewals.py",
    ),
    Mutant(
        "renewals: 1.5 periods are no gap",
        RENEWALS,
        "2 * passed > 3 * length",
        "2 * passed >= 3 * length",
        "test_renewals.py",
    ),
    Mutant(
        "renewals: pauses make no gap",
        RENEWALS,
        " - paused.days(row, start, end)",
        "",
        "test_renewals.py",
    ),
    Mutant(
        "renewals: paused periods are no gap",
        RENEWALS,
        "missed = ~renewed & np.isnat(paused.paused_since(row, day))",
        "missed = ~renewed",
        "test_renewals.py",
    ),
    Mutant(
        "renewals: the last day begins no period",
        RENEWALS,
        "ended = until < days(as_of)",
        "ended = until < until",
        "test_renewals.py",
    ),
    Mutant(
        "periods: months end early",
        "analytics/periods.py",
        "begins = np.minimum(first + (start - one), last)",
        "begins = first + (start - one)",
        "test_periods.py",
    ),
    Mutant(
        "periods: the 31st comes back",
        "analytics/periods.py",
        'np.minimum(then.astype("datetime64[D]") + (start - month), last)',
        'then.astype("datetime64[D]") + (start - month)',
        "test_periods.py",
    ),
    Mutant(
        "periods: due today",
        "analytics/periods.py",
        "np.where(start == day, 0, periods.whole(start, day) + 1)",
        "periods.whole(start, day) + 1",
        "test_periods.py",
    ),
    Mutant(
        "rfm: limits are reached",
        "analytics/rfm.py",
        'side="left"',
        'side="right"',
        "test_rfm.py",
    ),
    Mutant(
        "rfm: equal values",
        "analytics/rfm.py",
        'method="average"',
        'method="first"',
        "test_rfm.py",
    ),
    Mutant(
        "rfm: mean half up",
        "analytics/rfm.py",
        'm.astype("Int8") + 1) // 2',
        'm.astype("Int8")) // 2',
        "test_rfm.py",
    ),
    Mutant(
        "lifecycle: limits are reached",
        "analytics/lifecycle.py",
        'side="right"',
        'side="left"',
        "test_lifecycle.py",
    ),
    Mutant(
        "lifecycle: a new run continues nothing",
        "analytics/lifecycle.py",
        "predecessor_id.where(start_date == first_start_date)",
        "predecessor_id",
        "test_lifecycle.py",
    ),
    Mutant(
        "customers: best R",
        "analytics/customers.py",
        '"rfm_r": "max"',
        '"rfm_r": "min"',
        "test_customers.py",
    ),
    Mutant(
        "score: plans of the past",
        "analytics/score.py",
        "running & (planned >= today)",
        "running",
        "TestRefresh.test_overdue_invoice_is_no_next_renewal",
    ),
    Mutant(
        "score: continued by another",
        "analytics/score.py",
        "where(~gone_on)",
        "where(~gone_on | gone_on)",
        "TestInsight.test_continued_by_another",
    ),
    # 9. A failure of ours stops nobody. The nightly reconciliation finds the rest.
    Mutant(
        "9 hooks are harmless",
        LIVE,
        "            with cr.savepoint(flush=False):\n                yield self",
        "            if True:\n                yield self",
        "TestLiveHistory.test_fault_at_a_sale_order",
    ),
    Mutant(
        "9 billing is not lost",
        LIVE,
        "            if request:\n                raise\n",
        "            raise\n",
        "TestLiveHistory.test_concurrent_change_outside_of_a_request",
    ),
    Mutant(
        "3 no revenue twice",
        "signals/subscriptions.py",
        "AND origin.order_subscription_id IS NULL AS running",
        "AS running",
        "TestLiveHistory.test_order_that_bills_a_subscription_starts_no_second_one",
    ),
    Mutant(
        "3 starts are those of people",
        LIVE,
        "            self = self.with_context(**{STAGED: frozenset(self.ids)})\n",
        "            pass\n",
        "TestLiveHistory.test_a_stage_corrects_no_start",
    ),
    # Facts are never rewritten.
    Mutant(
        "3 facts stay",
        "models/subscription_movement.py",
        "if vals.keys() - DERIVED:",
        "if not vals.keys() & DERIVED:",
        "TestMovement.test_facts_cannot_be_changed",
    ),
    Mutant(
        "3 facts stay",
        "models/subscription_movement.py",
        'movement.import_id.state != "undoing"',
        "not movement.import_id",
        "TestMovement.test_imported_facts_cannot_be_deleted",
    ),
    Mutant(
        "2 only rows that differ",
        "models/bulk.py",
        "AND (%(old)s) IS DISTINCT FROM (%(new)s)",
        "",
        "TestCustomer.test_store_touches_only_what_differs",
    ),
    Mutant(
        "notices: facts",
        "models/subscription_notice.py",
        "if vals.keys() - CORRECTED:",
        "if False:",
        "TestNotice.test_facts_stay",
    ),
    Mutant(
        "notices: closed with the subscription",
        CUSTOMER,
        'Notice._close_ended([("subscription_id.customer_id", "in", self.ids)])',
        "pass",
        "TestNotice.test_closed_with_the_subscription",
    ),
    Mutant(
        "notices: closed by the refresh",
        REFRESH,
        'self.env["subscription.notice"]._close_ended(',
        'self.env["subscription.notice"].search(',
        "TestNotice.test_refresh_closes_what_was_known_to_end",
    ),
    Mutant(
        "risk by hand: its last day",
        "models/sale_subscription_risk.py",
        ">= as_of",
        "> as_of",
        "TestRiskOverride.test_holds_up_to_its_last_day",
    ),
    Mutant(
        "risk by hand: through the wizard",
        "models/sale_subscription_risk.py",
        "for name in vals if name not in ours}",
        "for name in vals}",
        "TestRiskOverride.test_only_through_the_wizard",
    ),
    # The import's own promises.
    Mutant(
        "import: known late",
        "models/subscription_import_line.py",
        "as_of if late else None,",
        "None,",
        "TestImport.test_row_known_only_later_was_unknown_before",
    ),
    Mutant(
        "import: a corrected start moves the start alone",
        "analytics/history.py",
        "        *steps(history, both, until),\n",
        "",
        "test_history.py",
    ),
    Mutant(
        "import: hand-set dates stay",
        "models/subscription_import_line.py",
        "boundary, planned.get(line) or boundary",
        "boundary, boundary",
        "TestImport.test_next_invoice_is_never_moved_back",
    ),
    Mutant(
        "import: no concurrent change fails a row",
        "models/subscription_import.py",
        "            raise  # passes: the rows are fine, the transaction is not\n",
        "            return True\n",
        "TestImport.test_a_concurrent_change_fails_no_row",
    ),
    Mutant(
        "import: undo sees variants",
        "models/subscription_import_record.py",
        'if records._name == "product.template":',
        "if False:",
        "TestImportUndo.test_product_used_on_another_subscription",
    ),
    Mutant(
        "import: undo sees company-dependent references",
        "models/subscription_import_record.py",
        "self.env.registry.many2one_company_dependents[records._name]",
        "()",
        "TestImportUndo.test_default_price_list_of_a_contact",
    ),
    Mutant(
        "import: twice changes nothing",
        "models/subscription_import.py",
        "if values != previous:",
        "if values:",
        "TestImport.test_second_import_of_the_same_file_changes_nothing",
    ),
    Mutant(
        "import: no invoice",
        "models/subscription_import_line.py",
        '                row["interval"],\n                today,\n',
        '                row["interval"],\n                today.replace(year=2000),\n',
        "TestImport.test_it_causes_no_invoice_and_no_mail",
    ),
    Mutant(
        "import: all or nothing",
        "wizards/subscription_import_wizard.py",
        "        if problems:\n            return self.action_preview()\n",
        "",
        "TestImportProblems.test_every_bad_line_is_listed",
    ),
    Mutant(
        "import: undo leaves nothing",
        "models/subscription_import_line_undo.py",
        "        subscriptions.sale_subscription_line_ids.unlink()\n",
        "",
        "TestImportUndo.test_undo_leaves_nothing",
    ),
    Mutant(
        "import: undo respects what others touched",
        "models/subscription_import.py",
        "touched = import_.line_ids._touched() + import_.record_ids._touched()\n",
        "touched = []\n",
        "TestImportUndo.test_invoiced_subscription",
    ),
    # Churn and lifetime value, the parts that need no database.
    Mutant(
        "1 as of: ends after the date",
        SURVIVAL,
        "    gone = end <= today\n",
        "    gone = end.notna()\n",
        "test_survival.py",
    ),
    Mutant(
        "survival: who leaves amid a period",
        SURVIVAL,
        "whole + (last_day < until)",
        "whole + (last_day < start)",
        "test_survival.py",
    ),
    Mutant(
        "survival: what is continued has not left",
        SURVIVAL,
        'ended = gone & ~lives["has_successor"].astype(bool)',
        "ended = gone",
        "test_survival.py",
    ),
    Mutant(
        "survival: entered late",
        SURVIVAL,
        "joined = np.bincount(entered, minlength=last + 1).cumsum()",
        "joined = np.bincount(0 * entered, minlength=last + 1).cumsum()",
        "test_survival.py",
    ),
    Mutant(
        "survival: diverging fits",
        SURVIVAL,
        "    if gains and beta.is_bounded and beta.covariance:\n",
        "    if beta.covariance:\n",
        "test_survival.py",
    ),
    Mutant(
        "survival: curves that miss what was seen",
        SURVIVAL,
        "    if curve.gap <= WIDEST_GAP:\n",
        "    if curve:\n",
        "test_survival.py",
    ),
    Mutant(
        "survival: thin cohorts are pooled",
        SURVIVAL,
        'if own["ended"].sum() >= MIN_ENDS:',
        "if len(own) >= MIN_ENDS:",
        "test_survival.py",
    ),
    Mutant(
        "survival: months and years do not mix",
        SURVIVAL,
        "stay = np.log1p(-self.monthly.hazard) * period_months",
        "stay = np.log1p(-self.monthly.hazard)",
        "test_survival.py",
    ),
    Mutant(
        "survival: errors of a fit",
        SURVIVAL,
        "2 * one * two * both",
        "0 * both",
        "test_survival.py",
    ),
    Mutant(
        "12 missing: CLV without a score",
        CLV,
        "inside = np.where(known, self.decisions, 0)",
        "inside = self.decisions",
        "test_clv.py",
    ),
    Mutant(
        "CLV: the horizon cuts a payment",
        CLV,
        "np.minimum(share[:n] - k, 1)",
        "np.minimum(np.ceil(share[:n] - k), 1)",
        "test_clv.py",
    ),
    Mutant(
        "CLV: the score holds within its horizon",
        CLV,
        "hazard = np.where(k < inside[:n], within, hazard)",
        "pass",
        "test_clv.py",
    ),
    Mutant(
        "CLV: a score fades",
        CLV,
        "np.clip(said / usual, 1 / MOST_RATIO, MOST_RATIO)",
        "np.maximum(said / usual, 1 / MOST_RATIO)",
        "test_clv.py",
    ),
    Mutant(
        "CLV: waits for the next payment",
        CLV,
        "first = force * self.wait[order]",
        "first = 0 * self.wait[order]",
        "test_clv.py",
    ),
    Mutant(
        "CLV: bounds of a loss",
        CLV,
        '"clv_lower": np.minimum(value[1], value[2])',
        '"clv_lower": value[1]',
        "test_clv.py",
    ),
    Mutant(
        "1 as of: labels that are not mature",
        PANEL,
        "if horizon.end(day) <= known_by",
        "if day <= known_by",
        "test_churn_panel.py",
    ),
    Mutant(
        "1 as of: labels beyond the horizon",
        PANEL,
        "(notice <= last)",
        "notice.notna()",
        "test_churn_panel.py",
    ),
    Mutant(
        "churn: notice given is not predicted",
        PANEL,
        "churned[running & ~(notice <= day)]",
        "churned[running]",
        "test_churn_panel.py",
    ),
    Mutant(
        "churn: what is continued has not left",
        PANEL,
        ' & ~lives["has_successor"].astype(bool)\n',
        "\n",
        "test_churn_panel.py",
    ),
    Mutant(
        "churn: ends that were not recorded",
        PANEL,
        "if pd.Timestamp(day) >= earliest",
        "if day",
        "test_churn_panel.py",
    ),
    Mutant(
        "12 missing: rules of what is not known",
        SCORECARD,
        "np.where(np.isnan(points), 0, rule.weight)",
        "rule.weight",
        "test_churn_scorecard.py",
    ),
    Mutant(
        "12 missing: not enough data",
        SCORECARD,
        "total = weights.sum(axis=1).where(enough)",
        "total = weights.sum(axis=1)",
        "test_churn_scorecard.py",
    ),
    Mutant(
        "churn: points stay within 0 and 100",
        SCORECARD,
        "return 100 * np.clip(share, 0, 1)",
        "return 100 * share",
        "test_churn_scorecard.py",
    ),
    Mutant(
        "12 missing: no band without a score",
        BANDS,
        "codes = np.where(np.isnan(values), -1, codes)\n",
        "",
        "test_churn_bands.py",
    ),
    Mutant(
        "churn: bands do not flicker",
        BANDS,
        "np.where(before >= high, limits.high_leave, limits.high_enter)",
        "limits.high_enter",
        "test_churn_bands.py",
    ),
    Mutant(
        "churn: high falls to medium by its lower limit",
        BANDS,
        "        before >= medium, limits",
        "        before == medium, limits",
        "test_churn_bands.py",
    ),
    # Usage.
    Mutant(
        "1 as of: usage known later",
        USAGE,
        "AND known_on <= %(today)s",
        "AND known_on <= GREATEST(%(today)s, known_on)",
        "TestUsageSignals.test_past_signal_never_changes_when_data_is_added",
    ),
    Mutant(
        "1 as of: usage of later days",
        USAGE,
        "AND date <= %(today)s",
        "AND date <= GREATEST(%(today)s, date)",
        "TestUsageSignals.test_values",
    ),
    Mutant(
        "1 as of: usage corrected later",
        INGEST,
        "        if not history:\n            cr.execute(SQL(KEEP, **values))\n",
        "",
        "TestUsageSignals.test_past_signal_never_changes_when_data_is_added",
    ),
    Mutant(
        "4 usage of another company",
        USAGE,
        "WHERE company_id = %(company)s\n               AND date",
        "WHERE company_id + %(company)s > 0\n               AND date",
        "TestUsageSignals.test_companies_are_apart",
    ),
    Mutant(
        "4 usage reported for another company",
        INGEST,
        "WHERE company_id = %(company)s AND",
        "WHERE company_id + %(company)s > 0 AND",
        "TestUsageIngest.test_other_company",
    ),
    Mutant(
        "4 who may report usage",
        INGEST,
        "if not self.env.su and not any(",
        "if self.env.su and not any(",
        "TestUsageReach.test_only_with_the_group",
    ),
    Mutant(
        "12 a feed that stopped",
        USAGE,
        "self.stopped = bool(until) and",
        "self.stopped = not until and",
        "TestUsageSignals.test_outage",
    ),
    Mutant(
        "12 a feed that had stopped",
        USAGE,
        "            if (day - before).days > OUTAGE_DAYS:\n",
        "            if (day - before).days > 1000:\n",
        "TestUsageSignals.test_after_an_outage",
    ),
    Mutant(
        "12 a plan that is not measured",
        USAGE,
        "    result.loc[~measured] = np.nan\n",
        "",
        "TestUsageSignals.test_never_used",
    ),
    Mutant(
        "12 a feed that is young",
        USAGE,
        "first <= after + ONE_DAY and",
        "first <= self.today and",
        "TestUsageSignals.test_young_feed",
    ),
    Mutant(
        "usage before the start",
        USAGE,
        "AND young.start > date",
        "AND young.start > date + 1000",
        "TestUsageSignals.test_usage_before_the_start_does_not_count",
    ),
    Mutant(
        "usage: an event counts once",
        INGEST,
        "ON CONFLICT DO NOTHING",
        "ON CONFLICT (digest) DO UPDATE SET date = excluded.date",
        "TestUsageIngest.test_event_counts_once",
    ),
    Mutant(
        "usage: a total replaces",
        INGEST,
        '        "excluded.count",\n',
        '        "usage.count + excluded.count",\n',
        "TestUsageIngest.test_total_of_a_day_replaces_the_one_before",
    ),
    Mutant(
        "usage: a month takes no more",
        INGEST,
        "AND month.is_month",
        "AND month.is_month AND FALSE",
        "TestUsageMonths.test_month_takes_no_more_usage",
    ),
    Mutant(
        "9 a login that cannot be counted",
        "models/res_users.py",
        "except Exception:",
        "except ZeroDivisionError:",
        "TestPortalLogin.test_no_failure_stops_a_login",
    ),
    # Signals by source.
    Mutant(
        "1 as of: paid late later",
        PAYMENTS,
        "AND paid.max_date <= %s",
        "AND paid.max_date <= GREATEST(%s, paid.max_date)",
        PAST,
    ),
    Mutant(
        "1 as of: refunded later",
        PAYMENTS,
        "AND invoice_date <= %(as_of)s",
        "",
        PAST,
    ),
    Mutant(
        "1 as of: failed later",
        PAYMENTS,
        "AND last_state_change < %(end)s",
        "",
        PAST,
    ),
    Mutant(
        "1 as of: tickets",
        SUPPORT,
        "AND ticket.create_date < %(end)s",
        "",
        PAST,
    ),
    Mutant(
        "1 as of: closed later",
        SUPPORT,
        "CASE WHEN past.id IS NOT NULL THEN past.closed\n",
        "CASE WHEN FALSE THEN past.closed\n",
        "TestSignalSupport.test_closed_as_of_each_day",
    ),
    Mutant(
        "1 as of: reopened later",
        SUPPORT,
        "AND message.date < %(end)s\n",
        "",
        PAST,
    ),
    Mutant(
        "1 as of: rated later",
        SUPPORT,
        "AND given.date < %(end)s",
        "",
        PAST,
    ),
    Mutant(
        "1 as of: opened later",
        ENGAGEMENT,
        "AND trace.open_datetime < %(end)s AS",
        "AS",
        PAST,
    ),
    Mutant(
        "1 as of: clicked again",
        ENGAGEMENT,
        "click.clicked,\n",
        "NULL::boolean,\n",
        PAST,
    ),
    Mutant(
        "1 as of: written later",
        ENGAGEMENT,
        "AND message.date < %(end)s",
        "",
        PAST,
    ),
    Mutant(
        "1 as of: cancelled later",
        ENGAGEMENT,
        "OR event.write_date >= %(end)s",
        "",
        PAST,
    ),
    Mutant(
        "1 as of: off the blacklist",
        ENGAGEMENT,
        "COALESCE(past.before, past.first, listed.active::int) = 1",
        "listed.active",
        PAST,
    ),
    Mutant(
        "starts are no changes",
        PRICE,
        "WHERE started IS NULL OR date > started",
        "WHERE TRUE",
        "TestSignalPrice.test_starts_are_no_changes",
    ),
    Mutant(
        "4 payments",
        PAYMENTS,
        "WHERE company_id = %(company)s\n                   AND state = 'error'",
        "WHERE state = 'error'",
        OTHERS,
    ),
    Mutant(
        "4 mailings and meetings",
        ENGAGEMENT,
        "(%(user)s IS NULL OR",
        "(TRUE OR",
        OTHERS,
    ),
    Mutant(
        "4 messages",
        ENGAGEMENT,
        "AND (message.record_company_id = %(company)s",
        "AND (TRUE",
        OTHERS,
    ),
    Mutant(
        "10 days of the company",
        "signals/clock.py",
        "ZoneInfo(company._subscription_zone())",
        "UTC",
        "TestSignalSupport.test_windows_in_days_of_the_company",
    ),
    Mutant(
        "12 never connected",
        SUPPORT,
        "if _has_tickets(env, company, as_of):",
        "if True:",
        "TestSignalSupport.test_never_connected_is_missing_and_none_is_zero",
    ),
    Mutant(
        "one open alert",
        HEALTH_ALERT,
        "WHERE closed_on IS NULL",
        "WHERE closed_on IS NOT NULL",
        "TestHealthRules.test_one_open_alert_for_all_subscriptions_of_a_customer",
        update=True,
    ),
    Mutant(
        "one open alert: who was told",
        HEALTH_CHECK,
        "told = set((alerts - lost).customer_id.ids)",
        "told = set()",
        "TestHealthRules.test_done_by_a_person_it_is_not_asked_again",
    ),
    Mutant(
        "12 health rules pause",
        HEALTH_CHECK,
        "if silent or self.feature_id",
        "if self.feature_id",
        "TestHealthOfUsage.test_open_alert_stays_while_no_usage_is_reported",
    ),
    Mutant(
        "12 health rules on a feature pause",
        HEALTH_CHECK,
        "days is None or self._watch_feature(run, is_silent(days))",
        "days is None",
        "TestHealthOfUsage.test_paused_while_one_feature_is_not_reported",
    ),
    Mutant(
        "12 not known neither opens nor closes",
        HEALTH,
        'now = rows["holds"].where(seen, rows["was"])',
        'now = rows["holds"].where(seen, 0.0)',
        "test_health.py",
    ),
    Mutant(
        "held for days",
        HEALTH,
        'states["since"]).dt.days >= held_days',
        'states["since"]).dt.days >= 0',
        "TestHealthRules.test_held_days",
    ),
    Mutant(
        "12 no payment",
        PAYMENTS,
        "if not _has_payments(env, company, as_of):",
        "if False:",
        "TestSignalPayments.test_failed_online",
    ),
    # Segments: who is in one.
    Mutant(
        "1 as of: relative dates",
        SEGMENT,
        "days = (as_of - company._subscription_today()).days",
        "days = 0",
        "TestSegments.test_relative_dates_count_from_the_day",
    ),
    Mutant(
        "1 as of: days until",
        SEGMENT,
        '"subscription_as_of": as_of,',
        "",
        "TestSegments.test_days_to_renewal_count_from_the_day",
    ),
    Mutant(
        "10 a day sent over the wire",
        "models/res_company.py",
        "if type(as_of) is date:",
        "if as_of:",
        "TestSegments.test_nobody_sends_the_day_over_the_wire",
    ),
    Mutant(
        "4 companies: segments",
        SEGMENT,
        'model._search(Domain("company_id", "=", company.id) & domain)',
        "model._search(domain)",
        "TestSegments.test_companies_have_their_own_members",
    ),
    Mutant(
        "4 fields a person may not read",
        SEGMENT,
        "if self.env.uid != api.SUPERUSER_ID:",
        "if False:",
        "TestSegments.test_fields_a_person_may_not_read_find_nobody_for_her",
    ),
    Mutant(
        "segment: minimum stay",
        ENGINE,
        "AND member.date_from + %(minimum)s > %(as_of)s",
        "AND member.date_from + %(minimum)s >= %(as_of)s",
        "TestSegments.test_minimum_stay_counts_from_entering",
    ),
    Mutant(
        "segment: minimum stay, archived",
        ENGINE,
        "AND subscription.active)",
        ")",
        "TestSegments.test_archived_subscription_leaves",
    ),
    Mutant(
        "segment: before it entered",
        ENGINE,
        "OR member.date_from <= %(as_of)s",
        "OR TRUE",
        "TestSegments.test_day_before_it_entered_is_no_minimum_stay",
    ),
    Mutant(
        "segment: the order decides",
        ENGINE,
        "AND (other.sequence, other.id) < (%(sequence)s, %(segment)s)",
        "",
        "TestSegments.test_first_of_an_exclusive_group_takes_it",
    ),
    Mutant(
        "segment: gives way to a pin",
        ENGINE,
        "AND (taken.kind = 'pinned_in'",
        "AND (FALSE",
        "TestSegments.test_exclusive_segment_gives_way_to_a_pin",
    ),
    Mutant(
        "segment: the last day of a pin",
        ENGINE,
        "(pinned_until < %s OR NOT %s)",
        "(pinned_until <= %s OR NOT %s)",
        "TestSegments.test_pins_go_before_the_conditions",
    ),
    Mutant(
        "segment: pins hold",
        ENGINE,
        "                       AND kind = 'automatic'\n",
        "",
        "TestSegments.test_pins_go_before_the_conditions",
    ),
    Mutant(
        "9 an event that fails",
        ENGINE,
        "failed.append(error_text(error))",
        "raise",
        "TestSegments.test_event_that_fails_is_named_and_leaves_the_memberships",
    ),
    Mutant(
        "9 a domain that breaks",
        ENGINE,
        "left, entered, failed = (), (), [error_text(error)]",
        "raise",
        "TestSegments.test_domain_that_breaks_later_stops_only_its_own_segment",
    ),
    Mutant(
        "9 told once",
        "models/subscription_refresh_segments.py",
        "if not known:",
        "if True:",
        "TestSegments.test_domain_that_breaks_later_stops_only_its_own_segment",
    ),
    Mutant(
        "2 primary segments that differ",
        ENGINE,
        "WHERE stored IS DISTINCT FROM segment_id",
        "",
        "TestSegments.test_second_evaluation_changes_no_row",
    ),
    Mutant(
        "segment: the first is the primary one",
        ENGINE,
        "[MIN(rank)]",
        "[MAX(rank)]",
        "TestSegments.test_primary_segment_is_the_first_by_order",
    ),
    Mutant(
        "12 what is not known is not 0",
        "models/optional_number.py",
        "    falsy_value = None\n",
        "    falsy_value = 0\n",
        "TestSaleSubscriptionSignals.test_what_is_not_known_is_not_found",
    ),
    Mutant(
        "12 key features that were not reported yet",
        USAGE,
        "known = begin >= _day(first)",
        "known = begin >= begin",
        "TestUsageSignals.test_key_features_used",
    ),
    Mutant(
        "12 key features in a gap of the feed",
        USAGE,
        "known &= begin > _day(self.silent_until)",
        "pass",
        "TestUsageSignals.test_key_features_after_a_gap",
    ),
    Mutant(
        "signals: nobody writes them",
        "models/sale_subscription.py",
        "    *SIGNALS,\n",
        "",
        "TestSaleSubscriptionSignals.test_who_may_see_them",
    ),
    Mutant(
        "1 as of: referred later",
        REFERRALS,
        "known=known(company, as_of, SQL",
        "known=known(company, company._subscription_today(), SQL",
        "TestReferrals.test_counted_from_the_first_day_on",
    ),
    Mutant(
        "referrals: nobody refers itself",
        REFERRALS,
        "WHERE giver.id <> referral.customer_id",
        "WHERE TRUE",
        "TestReferrals.test_counted_from_the_first_day_on",
    ),
    Mutant(
        "4 referrals of another company",
        REFERRALS,
        "               AND giver.company_id = %(company)s\n",
        "",
        "TestReferrals.test_companies_are_apart",
    ),
    Mutant(
        "11 merged with who referred it",
        "wizards/base_partner_merge.py",
        "        (src_partners | dst_partner).sudo()._forget_referrals_among()\n",
        "",
        "TestReferralsMerged.test_merged_with_who_referred_it",
    ),
    Mutant(
        "11 merged referrals are counted again",
        "models/subscription_customer_referral.py",
        'self.search([("partner_id", "in", partners.ids)])._store_referral_counts()',
        "pass",
        "TestReferralsMerged.test_merged_giver_keeps_its_referrals",
    ),
    Mutant(
        "referrals: conversion of a lead",
        "models/crm_lead_referral.py",
        'values["referred_by_id"] = self.referred_by_id.id',
        "pass",
        "TestReferrals.test_conversion_passes_it_on",
    ),
    Mutant(
        "4 customer view: other companies",
        PAGE,
        'self.check_access("read")',
        "pass",
        "TestCustomerView.test_user_of_another_company_sees_nothing",
    ),
    Mutant(
        "4 customer view: invoices",
        "models/subscription_customer_view_money.py",
        'if not (Move.has_access("read") and Line.has_access("read")):',
        "if False:",
        "TestCustomerView.test_who_has_no_accounting_sees_no_invoices",
    ),
    Mutant(
        "4 customer view: tickets",
        PAGE_TALK,
        "if not self._may_see_tickets():",
        "if False:",
        "TestCustomerView.test_who_has_no_helpdesk_sees_no_tickets",
    ),
    Mutant(
        "4 customer view: messages",
        PAGE_TALK,
        'rows = [row for row in rows if row["id"] in readable][:TOP]',
        "rows = rows[:TOP]",
        "TestCustomerView.test_talk_hides_what_may_not_be_read",
    ),
    Mutant(
        "4 customer view: messages of the time line",
        PAGE_EVENTS,
        'if row["kind"] != "mail" or row["id"] in readable',
        "",
        "TestCustomerView.test_talk_hides_what_may_not_be_read",
    ),
    Mutant(
        "4 customer view: messages of another company",
        PAGE_TALK,
        "AND (mail.record_company_id = %(company)s",
        "AND (%(company)s IS NOT NULL",
        "TestCustomerView.test_blocks_are_of_the_company_of_the_customer",
    ),
    Mutant(
        "4 customer view: meetings of another company",
        PAGE_TALK,
        '[("company_ids", "in", self.company_id.id)]',
        "[]",
        "TestCustomerView.test_blocks_are_of_the_company_of_the_customer",
    ),
    Mutant(
        "4 customer view: private meetings",
        PAGE_TALK,
        "domain = self._meetings_domain() & (is_open | takes_part)",
        "domain = self._meetings_domain()",
        "TestCustomerView.test_private_meetings_are_busy",
    ),
    Mutant(
        "4 customer view: pages of the time line",
        PAGE_EVENTS,
        "(at, kind, id) < (",
        "(at, kind, id) <= (",
        "TestCustomerView.test_pages_of_the_time_line_hold_each_event_once",
    ),
    Mutant(
        "4 account manager: of the company",
        MANAGERS,
        "ON member.user_id = person.id AND member.cid = %(company)s",
        "ON member.user_id = person.id",
        "TestAccountManager.test_only_users_of_the_company_who_are_there_are_named",
    ),
    Mutant(
        "4 account manager: who is there",
        MANAGERS,
        "AND person.active AND person.id = ANY(%(users)s)",
        "",
        "TestAccountManager.test_only_users_of_the_company_who_are_there_are_named",
    ),
    Mutant(
        "4 account manager: a choice stays",
        MANAGERS,
        '"customer.company_id = %s AND customer.account_manager_id IS NULL AND %s"',
        '"customer.company_id = %s AND %s"',
        "TestAccountManager.test_refresh_names_those_that_are_missing_and_leaves_others",
    ),
    Mutant(
        "4 account manager: who hands over",
        MANAGERS,
        "if not self._may_hand_over():",
        "if False:",
        "TestAccountManager.test_who_may_hand_over",
    ),
    Mutant(
        "4 account manager: to whom",
        MANAGERS,
        "if strangers:",
        "if False:",
        "TestAccountManager.test_not_to_who_cannot_look_after_it",
    ),
    Mutant(
        "5 found by hand",
        LINKS,
        "THEN 'owned' ELSE 'found' END",
        "THEN 'owned' ELSE 'owned' END",
        "TestSegmentLinks.test_made_by_hand_stays",
    ),
    Mutant(
        "5 removed by hand",
        LINKS,
        "THEN own.state <> 'removed'",
        "THEN FALSE",
        "TestSegmentLinks.test_removed_by_hand_stays_away",
    ),
    Mutant(
        "5 set again by hand",
        LINKS,
        "ELSE own.state = 'removed' AND NOT EXISTS (",
        "ELSE FALSE AND NOT EXISTS (",
        "TestSegmentLinks.test_removed_and_set_again_by_hand_is_the_person_s",
    ),
    Mutant(
        "5 only links of ours go",
        LINKS,
        "WHERE leaving.state = 'owned'",
        "WHERE TRUE",
        "TestSegmentLinks.test_made_by_hand_stays",
    ),
    Mutant(
        "5 shared tags",
        LINKS,
        "SELECT FROM leaving AS gone WHERE gone.id = other.id))",
        "SELECT FROM leaving AS gone) AND FALSE)",
        "TestSegmentLinks.test_shared_tag_goes_with_the_last",
    ),
    Mutant(
        "5 shared tags pass on",
        LINKS,
        "AND entering.state = 'owned')",
        "AND FALSE)",
        "TestSegmentLinks.test_shared_tag_passes_on_at_once",
    ),
    Mutant(
        "5 closed ones are left alone",
        LINKS,
        'kept = SQL("NOT %s", OPEN[kind])',
        'kept = SQL("FALSE")',
        "TestSegmentLinks.test_closed_is_left_alone_until_opened_again",
    ),
    Mutant(
        "5 new ones tagged by hand",
        LINKS,
        "THEN 'found' ELSE 'owned' END",
        "THEN 'owned' ELSE 'owned' END",
        "TestSegmentLinks.test_new_with_a_tag_of_a_person",
    ),
    Mutant(
        "5 merged tags of a person",
        "models/subscription_segment_link.py",
        "link.state = 'owned')) THEN 'found'",
        "link.state = 'owned')) THEN 'owned'",
        "TestSegmentLinksMerge.test_by_hand_on_the_one_that_goes",
    ),
    Mutant(
        "5 who shares the tag",
        "models/subscription_segment_follow.py",
        "sharing=self._sharing_tag(kind).ids",
        "sharing=[]",
        "TestSegmentLinksProperties.test_links_after_any_sequence",
    ),
    Mutant(
        "6 never lowered",
        LINKS,
        "GREATEST(before, wish)",
        "wish",
        "TestTicketPriority.test_never_lowered",
    ),
    Mutant(
        "6 only raised",
        PRIORITY,
        "row[2] > row[1]]",
        "row[2] >= row[1]]",
        "TestTicketPriority.test_never_lowered",
    ),
    Mutant(
        "6 why, in the system's language",
        PRIORITY,
        "names.get(self.env.lang) or ",
        "",
        "TestTicketPriority.test_note_in_the_language_of_the_system",
    ),
    Mutant(
        "6 the first segment of those that ask for the highest",
        PRIORITY,
        "sorted(rows, key=itemgetter(3))",
        "sorted(rows, key=itemgetter(3), reverse=True)",
        "TestTicketPriority.test_first_of_those_that_ask_for_the_highest",
    ),
    Mutant(
        "6 a person's choice along with another change",
        PRIORITY,
        "        changed._settle_priority()\n        return super().write(vals)",
        "        result = super().write(vals)\n"
        "        changed._settle_priority()\n        return result",
        "TestTicketPriority.test_choice_along_with_another_change",
    ),
    Mutant(
        "9 billing is left alone",
        REFRESH,
        "if not self._hold_billing():\n                        return False",
        "if False:\n                        return False",
        "TestRefreshSchedule.test_waits_while_subscriptions_are_billed",
    ),
    Mutant(
        "2 rounded as the currency",
        SUBSCRIPTIONS,
        '"ROUND(ROUND(%s / currency.rounding) * currency.rounding,"',
        '"ROUND((%s),"',
        "TestLiveHistory.test_amounts_as_the_currency_rounds_them",
    ),
    Mutant(
        "10 a start that Odoo dates by UTC",
        SUBSCRIPTIONS,
        "OR (s.is_running AND s.date_start <= %(utc)s)",
        "OR (FALSE AND s.date_start <= %(utc)s)",
        "TestLiveHistory.test_another_stage_of_progress_in_the_evening_west_of_utc",
    ),
    Mutant(
        "6 a person's later choice",
        PRIORITY,
        "changed._settle_priority()",
        "pass",
        "TestTicketPriority.test_later_choice_of_a_person_stays",
    ),
    Mutant(
        "6 our own write is no choice",
        PRIORITY,
        'if "priority" not in vals or self.env.context.get(RAISING):',
        'if "priority" not in vals:',
        "TestTicketPriority.test_once_a_ticket_and_segment",
    ),
    Mutant(
        "6 teams without",
        LINKS,
        "AND NOT team.raise_subscription_priority)",
        "AND FALSE)",
        "TestTicketPriority.test_switched_off_for_a_team",
    ),
    Mutant(
        "4 segments of another company",
        LINKS,
        '"(%s OR segment.company_id = subscription.company_id)"',
        '"(%s OR TRUE)"',
        "TestSegmentLinks.test_segment_of_another_company_sets_nothing",
    ),
    Mutant(
        "4 what follows in another company",
        LINKS,
        'SQL("(%s OR record.company_id <> %s)", kept, scope.company)',
        'SQL("(%s OR %s = 0)", kept, scope.company)',
        "TestSegmentLinks.test_other_companies_are_left_alone",
    ),
    # What an action was worth.
    Mutant(
        "uplift: bounds of the wrong side",
        UPLIFT,
        "value - sqrt((first - low_1) ** 2 + (high_2 - second) ** 2)",
        "value - sqrt((first - low_1) ** 2 + (second - low_2) ** 2)",
        "test_uplift.py",
    ),
    Mutant(
        "uplift: told of too few",
        UPLIFT,
        "if found.empty or min(sizes) < FEWEST:",
        "if found.empty:",
        "test_uplift.py",
    ),
    Mutant(
        "uplift: sure of what nobody changed",
        UPLIFT,
        "or np.count_nonzero(values) < FEWEST_CHANGED",
        "",
        "test_uplift.py",
    ),
    Mutant(
        "uplift: who is missing on one side is left out",
        UPLIFT,
        "if missing.max() > MOST_MISSING:",
        "if missing.min() > MOST_MISSING:",
        "test_uplift.py",
    ),
    Mutant(
        "uplift: a CLV of before",
        OUTCOMES,
        "kept_from.clip(lower=since + pd.Timedelta(days=1))",
        "kept_from",
        "TestOutcomes.test_clv_of_before_is_not_what_came_of_it",
    ),
    Mutant(
        "uplift: what a rate does is a gain",
        OUTCOMES,
        "eve = days if since is None else since - pd.Timedelta(days=1)",
        "eve = days",
        "TestOutcomes.test_currency_of_the_company",
    ),
    Mutant(
        "1 as of: outcomes",
        OUTCOMES,
        "                   AND movement.known_on <= %(as_of)s\n",
        "",
        "TestOutcomes.test_past_outcomes_never_change_when_data_is_added",
    ),
    Mutant(
        "uplift: days that are not over",
        OUTCOMES,
        'rows["date"] <= pd.Timestamp(as_of) - pd.Timedelta(days=days)',
        'rows["date"] <= pd.Timestamp(as_of)',
        "TestOutcomes.test_days_that_are_not_over",
    ),
    Mutant(
        "4 companies: uplift",
        "models/subscription_uplift.py",
        "ON own.id = done.id AND own.company_id = customer.company_id",
        "ON own.id = done.id",
        "TestCampaignUplift.test_customers_of_other_companies_do_not_count",
    ),
    Mutant(
        "uplift: who was not reached counts",
        CAMPAIGN_UPLIFT,
        "(member.reached_at IS NOT NULL OR member.reason = 'control')",
        "(COALESCE(member.reason, 'control') = 'control')",
        "TestCampaignUplift.test_who_waits_or_was_dropped_is_on_neither_side",
    ),
    Mutant(
        "uplift: since the campaign began",
        CAMPAIGN_UPLIFT,
        "COALESCE(member.reached_at, member.held_out_at, campaign.started_at)",
        "campaign.started_at",
        "TestWhenItCounts.test_day_of_sending",
    ),
    Mutant(
        "uplift: held out when it was planned",
        "models/subscription_campaign_member.py",
        "                        OR EXCLUDED.held_out_at IS NOT NULL\n",
        "",
        "TestWhenItCounts.test_day_of_sending",
    ),
    Mutant(
        "uplift: a later sending draws the control group anew",
        "models/subscription_campaign_member.py",
        "                        OR NOT %(begun)s)\n",
        "                        OR TRUE)\n",
        "TestWhenItCounts.test_later_sending_leaves_the_control_group_as_it_was",
    ),
    Mutant(
        "uplift: what was taken back counts",
        CAMPAIGN_UPLIFT,
        "(campaign.undone_at IS NULL OR campaign.kind",
        "(TRUE OR campaign.kind",
        "TestCampaignUplift.test_what_was_taken_back_was_worth_nothing",
    ),
    Mutant(
        "uplift: strata thrown together",
        UPLIFT,
        "weights = n1 * n2 / (n1 + n2)",
        "weights = n1 + n2",
        "test_uplift.py",
    ),
    Mutant(
        "uplift: nobody to compare with",
        UPLIFT,
        "found = comparable(outcomes)",
        "found = outcomes",
        "test_uplift.py",
    ),
    Mutant(
        "uplift: customer on both sides",
        OUTCOMES,
        "day_one[sides == 1]",
        "day_one",
        "TestOutcomes.test_customer_on_both_sides",
    ),
    Mutant(
        "uplift: months of a journey thrown together",
        "models/subscription_journey_uplift.py",
        "' ', journey_id, to_char(%(day)s, 'YYYY-MM'), holdout_percent\n",
        "' ', journey_id, holdout_percent\n",
        "TestOtherUplift.test_control_group_that_comes_later",
    ),
    Mutant(
        "uplift: shares of a control group thrown together",
        "models/subscription_journey_uplift.py",
        "to_char(%(day)s, 'YYYY-MM'), holdout_percent\n",
        "to_char(%(day)s, 'YYYY-MM')\n",
        "TestOtherUplift.test_share_that_is_changed_within_a_month",
    ),
    Mutant(
        "uplift: an offer takes the credit of its journey",
        "models/subscription_offer_uplift.py",
        "enrolled.date >= strata.first",
        "TRUE",
        "TestOtherUplift.test_offer_of_a_journey_since_it_made_it",
    ),
    Mutant(
        "uplift: campaigns of an offer thrown together",
        "models/subscription_offer_uplift.py",
        "'campaign ' || campaign_id",
        "'campaign'",
        "TestOtherUplift.test_campaigns_of_an_offer_are_compared_each_by_itself",
    ),
    # What is meant for whom.
    Mutant(
        "4 companies: content",
        "models/subscription_content.py",
        "(not self.company_id or self.company_id == company)",
        "True",
        "TestContent.test_companies_apart",
    ),
    Mutant(
        "content: the last row counts",
        "models/sale_subscription_content.py",
        "if not tip and row.tip:",
        "if row.tip:",
        "TestContent.test_first_row_that_fits",
    ),
    Mutant(
        "content: an offer that is over",
        "models/sale_subscription_content.py",
        "if not offer and row.offer_id._is_valid_on(today):",
        "if not offer:",
        "TestContent.test_offer_that_is_not_made_today_is_passed_over",
    ),
    Mutant(
        "conversation: told to everybody",
        "models/discuss_channel.py",
        'self.check_access("read")',
        "self = self.sudo()",
        "TestConversation.test_conversation_of_others",
    ),
    Mutant(
        "conversation: colleagues",
        "models/discuss_channel.py",
        '.filtered("partner_share")',
        "",
        "TestConversation.test_colleagues_are_not_who_is_answered",
    ),
    # What to show or sell next.
    Mutant(
        "12 missing: feature not reported so long",
        FEATURE_USE,
        "if feed.covers(2, first_days[id_])",
        "if feed.covers(0, first_days[id_])",
        "TestNextFeature.test_missing_is_not_unused",
    ),
    Mutant(
        "12 missing: limits",
        RECOMMENDING,
        'known = frame["signal_features_30d"].reindex(running).notna()',
        "known = pd.Series(True, running)",
        "TestNextPlan.test_outage",
    ),
    Mutant(
        "recommended: who left is no example",
        RECOMMENDING,
        'stay = throughout & frame["lifecycle_stage"].isin(STAYING)',
        'stay = frame["is_running"]',
        "TestNextFeature.test_who_stays",
    ),
    Mutant(
        "recommended: keeps nobody",
        RECOMMEND,
        "& ~worth.lift.lt(LEAST_LIFT)",
        "",
        "test_recommend.py",
    ),
    Mutant(
        "recommended: a downgrade",
        RECOMMEND,
        "rows[mrr[rows] < price[choice]]",
        "rows",
        "test_recommend.py",
    ),
    Mutant(
        "recommended: less of another feature",
        RECOMMEND,
        "            & (included[:, limited] >= own[limited]).all(axis=1)\n",
        "",
        "test_recommend.py",
    ),
    Mutant(
        "7 opted out",
        REACH,
        "customer.is_contact_refused AND NOT %(necessary)s",
        "FALSE AND NOT %(necessary)s",
        "TestMailings.test_by_hand_reaches_each_once_and_not_who_must_not_be",
    ),
    Mutant(
        "7 opted out while it is sent",
        "wizards/mail_compose_message.py",
        'result[id_].update(state="cancel", failure_type="mail_optout")',
        "pass",
        "TestMailings.test_who_refuses_after_it_began_is_left_out",
    ),
    Mutant(
        "7 blacklisted",
        REACH,
        "WHEN %(blacklisted)s THEN 'blacklisted'",
        "WHEN %(blacklisted)s THEN NULL",
        "TestMailings.test_blacklist_holds_whatever_the_mailing_says",
    ),
    Mutant(
        "7 one message per customer and address",
        REACH,
        'reason = "duplicate"',
        "pass",
        "TestMailings.test_by_hand_reaches_each_once_and_not_who_must_not_be",
    ),
    Mutant(
        "7 the limit of messages",
        REACH,
        "left is not None and left <= reached[customer_id]",
        "left is not None and left <= 0",
        "TestMailings.test_several_addresses_of_a_customer_share_its_limit",
    ),
    Mutant(
        "7 every message is counted",
        "models/sale_subscription_mailing.py",
        'mailing._record_contacts("email", partners)',
        "pass",
        "TestMailings.test_limit_counts_every_mailing",
    ),
    Mutant(
        "7 quiet hours",
        MAILING,
        "return [id_ for id_ in ids if id_ not in quiet]",
        "return ids",
        "TestMailings.test_quiet_for_all_waits_for_the_first_morning",
    ),
    Mutant(
        "7 held ones are not forgotten",
        MAILING,
        "            if morning:\n",
        "            if False:\n",
        "TestMailings.test_quiet_hours_in_two_time_zones",
    ),
    Mutant(
        "7 evaluated when it is sent",
        MAILING,
        "        self._evaluate_segment()\n        self.subscription_campaign_id",
        "        self.subscription_campaign_id",
        "TestMailings.test_segment_is_evaluated_when_it_is_sent",
    ),
    Mutant(
        "7 a customer gets one version",
        MAILING,
        'reach.customer_id or f"subscription:{id_}"',
        'f"subscription:{id_}"',
        "TestCampaigns.test_versions_reach_different_customers_and_the_winner_the_rest",
    ),
    Mutant(
        "4 companies: mailings",
        MAILING,
        'Domain("company_id", "in", self._subscription_companies().ids)',
        "Domain.TRUE",
        "TestMailings.test_company_of_another_is_not_reached",
    ),
    Mutant(
        "7 marked with the mail",
        JOURNEY_RUN,
        "if len(rows) != len(self):",
        "if False:",
        "TestJourneyEngine.test_marked_twice_is_refused",
    ),
    Mutant(
        "7 the mark and the mail are one",
        JOURNEY_EMAIL,
        "self.browse(deliveries[mail.res_id] for mail in mails)._mark_done(",
        "self.browse(deliveries[mail.res_id] for mail in mails[:0])._mark_done(",
        "TestJourneyEngine.test_each_step_once_at_its_hour",
    ),
    Mutant(
        "7 only what waits",
        JOURNEY_RUN,
        """                   AND delivery.state = 'waiting'
                   AND delivery.next_try_at <= %s""",
        "                   AND delivery.due_at <= %s",
        "TestJourneyEngine.test_settled_by_another_process",
    ),
    Mutant(
        "7 one process at a time",
        JOURNEY_RUN,
        "            if free:",
        "            if True:",
        "TestJourneyEngine.test_one_process_at_a_time",
    ),
    Mutant(
        "7 Message-ID of the delivery",
        "models/mail_message.py",
        "            if id_:",
        "            if False:",
        "TestJourneyEngine.test_message_id_and_trace_are_the_deliverys",
    ),
    Mutant(
        "7 due means now or before",
        JOURNEY_RUN,
        "WHERE state = 'waiting' AND next_try_at <= %s",
        "WHERE state = 'waiting' AND next_try_at < %s",
        "TestJourneyEngine.test_nothing_is_due_before_now",
    ),
    Mutant(
        "7 opt-out and blacklist at sending",
        JOURNEY_CHECK,
        "            reason = one.reason\n",
        "            reason = None\n",
        "TestJourneyNotice.test_on_the_portal_page_and_by_mail",
    ),
    Mutant(
        "7 closed at sending",
        JOURNEY_CHECK,
        "WHEN NOT %(ended)s AND %(closed)s",
        "WHEN %(ended)s AND %(closed)s",
        "TestJourneyEngine.test_who_may_not_be_reached_any_more",
    ),
    Mutant(
        "7 stopped for good",
        JOURNEY_RUN,
        """                 WHERE delivery.enrolment_id = stopped.id
                   AND delivery.state = 'waiting'""",
        "                 WHERE FALSE AND delivery.enrolment_id = stopped.id",
        "TestJourneyEngine.test_who_left_is_won_back_until_he_returns",
    ),
    Mutant(
        "7 too late",
        JOURNEY_CHECK,
        "if now > self._latest():",
        "if False:",
        "TestJourneyEngine.test_too_late",
    ),
    Mutant(
        "7 a cancelled step ends its branch",
        JOURNEY_CHECK,
        """        if fact["previous"] != "done":
            return Verdict("cancel", "previous") if asks else None""",
        """        if fact["previous"] != "done":
            return None""",
        "TestJourneyEngine.test_cancelled_step_ends_its_branch",
    ),
    Mutant(
        "7 looked at in the evening, done in the morning",
        JOURNEY_CHECK,
        "if not (assumed or step.is_transactional):",
        "if not step.is_transactional:",
        "TestJourneyTrial.test_in_the_quiet_hours",
    ),
    Mutant(
        "a month is known at its end",
        "models/subscription_usage.py",
        "GREATEST(MIN(known_on), %(last)s::date)",
        "MAX(known_on)",
        "TestUsageSignalMonths.test_reported_on_the_next_day",
    ),
    Mutant(
        "a month stays one",
        INGEST,
        "max(self._days_from(company), self._months_until(company))",
        "self._days_from(company)",
        "TestUsageMonths.test_month_stays_one_when_days_are_kept_for_longer",
    ),
    Mutant(
        "a plan is no number",
        "models/churn_panel.py",
        'if signal.kind == "category"]',
        "if False]",
        "TestChurnModel.test_plan_is_no_number_though_one_came_later",
    ),
    Mutant(
        "undo after a refresh",
        "models/subscription_import_record.py",
        """return SQL("referring.kind <> 'automatic'")""",
        'return SQL("TRUE")',
        "TestImportUndo.test_undo_after_it_was_scored",
    ),
    Mutant(
        "undo leaves what a person pinned",
        "models/subscription_import_record.py",
        """return SQL("referring.kind <> 'automatic'")""",
        'return SQL("FALSE")',
        "TestImportUndo.test_undo_after_it_was_scored",
    ),
    Mutant(
        "history is read first",
        REFRESH,
        'if self.env["subscription.backfill"].search_count(unread, limit=1):',
        "if False:",
        "TestRefreshSchedule.test_history_before_installation_is_read_first",
    ),
    Mutant(
        "quiet hours that begin while it is sent",
        "wizards/mail_compose_message.py",
        "res_ids = self.mass_mailing_id._without_quiet(list(res_ids))",
        "pass",
        "TestMailings.test_quiet_hours_that_begin_while_it_is_sent",
    ),
    Mutant(
        "why somebody is left out while it is sent",
        "models/subscription_campaign_mailing.py",
        "                   AND member.reason IS NULL\n",
        "",
        "TestCampaigns.test_why_somebody_is_left_out_while_it_is_sent",
    ),
    Mutant(
        "undo of an account manager",
        "models/subscription_campaign_actions.py",
        "_hand_over(old, staying=had)",
        "_hand_over(old)",
        "TestMassManager.test_what_she_had_to_do_before_stays_hers",
    ),
    Mutant(
        "7 another anchor is no duplicate",
        MAILING,
        "return set() if self._to_subscriptions() else super()._get_seen_list()",
        "return super()._get_seen_list()",
        "TestJourneyEngine.test_same_text_for_another_anchor",
    ),
    Mutant(
        "7 a text message and its mark are one",
        JOURNEY_EMAIL,
        "self.browse(deliveries[id_] for id_ in ids)._mark_done(",
        "self.browse(deliveries[id_] for id_ in ids[:0])._mark_done(",
        "TestJourneyChannels.test_once_each",
    ),
    Mutant(
        "7 a notice and its mark are one",
        "models/subscription_journey_notice.py",
        "        self._mark_done(told)",
        "        self.browse()._mark_done(told)",
        "TestJourneyChannels.test_once_each",
    ),
    Mutant(
        "7 an offer and its mark are one",
        JOURNEY_OFFER,
        "(self - self.browse(refused))._mark_done()",
        "pass",
        "TestJourneyChannels.test_once_each",
    ),
    Mutant(
        "7 a delivery grants once",
        JOURNEY_OFFER,
        "offer._grant(some.subscription_id, key=key)",
        "offer._grant(some.subscription_id)",
        "TestJourneyOffer.test_delivery_that_is_made_anew_grants_nothing_more",
    ),
    Mutant(
        "7 another day grants again",
        JOURNEY_OFFER,
        'return f"journey:{step.id}:{anchor_date}"',
        'return f"journey:{step.id}"',
        "TestJourneyOffer.test_each_day_that_begins_it_has_its_own",
    ),
    Mutant(
        "7 a notice needs somebody who reads it",
        JOURNEY_CHECK,
        "if users is not None and delivery.customer_id not in users:",
        "if False:",
        "TestJourneyNotice.test_on_the_portal_page_and_by_mail",
    ),
    Mutant(
        "7 what is asked is the e-mail before",
        JOURNEY_STEP,
        'channels = MESSAGES if self.previous == "any" else ("email",)',
        "channels = MESSAGES",
        "TestJourneyChannels.test_what_is_asked_is_the_email_before",
    ),
    Mutant(
        "7 nothing archived is given away",
        JOURNEY_STEP,
        'if step.channel == "offer" and not step.offer_id.active:',
        "if False:",
        "TestShippedJourneys.test_they_come_switched_off",
    ),
    Mutant(
        "7 by hand: the control group gets nothing",
        JOURNEY_HAND,
        "WHEN %(is_control)s THEN 'control'",
        "WHEN FALSE AND %(is_control)s THEN 'control'",
        "TestEnrolByHand.test_control_group_of_the_journey",
    ),
    Mutant(
        "7 by hand: the re-entry rule",
        JOURNEY_HAND,
        "WHEN NOT (%(again)s) THEN 'reentry'",
        "WHEN FALSE AND NOT (%(again)s) THEN 'reentry'",
        "TestEnrolByHand.test_who_is_not_enrolled",
    ),
    Mutant(
        "7 by hand: what was undone keeps nobody away",
        "models/subscription_journey_enrol.py",
        "NOT IN ('moved', 'undone')",
        "NOT IN ('moved', '')",
        "TestEnrolByHand.test_taken_back_and_done_again",
    ),
    Mutant(
        "7 by hand: what was undone can really begin",
        "models/subscription_journey_enrol.py",
        "WHERE enrolment.stop_reason = 'undone'",
        "WHERE enrolment.stop_reason = 'undone' AND EXCLUDED.is_by_hand",
        "TestEnrolByHand.test_taken_back_before_it_really_begins_on_the_same_day",
    ),
    Mutant(
        "7 by hand: who is in the control group now",
        "models/subscription_journey_enrol.py",
        "is_control = EXCLUDED.is_control,",
        "",
        "TestEnrolByHand.test_taken_back_and_in_the_control_group_since",
    ),
    Mutant(
        "7 a notice once a customer",
        "models/sale_subscription_reach.py",
        "addressed=channel in ADDRESSES,",
        "addressed=bool(channel),",
        "TestJourneyNotice.test_once_a_customer_whatever_its_addresses",
    ),
    Mutant(
        "7 an offer that a journey makes is not archived",
        JOURNEY_OFFER,
        "        if step:\n            raise ValidationError(",
        "        if False:\n            raise ValidationError(",
        "TestJourneyOffer.test_offer_of_an_active_journey_is_not_archived",
    ),
    Mutant(
        "7 a look ahead leaves nothing",
        "models/subscription_journey_preview.py",
        "savepoint.close(rollback=True)",
        "savepoint.close(rollback=False)",
        "TestJourneyNextDays.test_who_gets_what_and_who_does_not",
    ),
    Mutant(
        "7 the control group gets nothing",
        "models/subscription_journey_due.py",
        "AND NOT enrolment.is_control",
        "",
        "TestJourneyEnrolment.test_control_group",
    ),
    Mutant(
        "7 imported history begins nothing",
        "models/subscription_journey_anchor.py",
        """               AND movement.origin IN ('recorded', 'reconciled')
               AND movement.date BETWEEN %(begin)s AND %(end)s
               AND GREATEST(movement.date, movement.known_on) >= %(look_from)s
               AND subscription.predecessor_id IS NULL""",
        """               AND movement.date BETWEEN %(begin)s AND %(end)s
               AND GREATEST(movement.date, movement.known_on) >= %(look_from)s
               AND subscription.predecessor_id IS NULL""",
        "TestJourneyAnchors.test_imported_history_begins_nothing",
    ),
    Mutant(
        "9 a bad recipient",
        JOURNEY_RUN,
        "                if len(part) > 1:",
        "                if False:",
        "TestJourneyEngine.test_bad_recipient_stops_no_other",
    ),
    Mutant(
        "offers: so many periods and no more",
        BILLING,
        "AND (used.number < offer.period_count OR EXISTS (",
        "AND (TRUE OR EXISTS (",
        "TestOfferBilling.test_three_invoices_carry_it_and_the_fourth_does_not",
    ),
    Mutant(
        "offers: by way of a sale order",
        "models/sale_subscription_line_offer.py",
        "return self._discounted(super()._prepare_sale_order_line())",
        "return super()._prepare_sale_order_line()",
        "TestOfferBilling.test_three_invoices_carry_it_and_the_fourth_does_not",
    ),
    Mutant(
        "offers: a period billed again is used once",
        BILLING,
        "grant.use_ids.filtered(lambda use: use.period_start == start)",
        "grant.use_ids.browse()",
        "TestOfferBilling.test_period_billed_again_is_used_once",
    ),
    Mutant(
        "offers: what is cancelled gives the period back",
        OFFERS,
        "               AND %(billed)s\n        ) OR",
        "        ) OR",
        "TestOfferBilling.test_invoice_that_is_undone_gives_the_period_back",
    ),
    Mutant(
        "offers: what is credited after it was paid gives the period back",
        OFFERS,
        ") < move.amount_total, TRUE)",
        ") < move.amount_total OR TRUE, TRUE)",
        "TestOfferBilling.test_credit_of_a_paid_invoice_gives_the_period_back",
    ),
    Mutant(
        "offers: a fault is not silent",
        BILLING,
        "                subscription._tell_responsible(",
        "                str(",
        "TestOfferBilling.test_a_fault_neither_stops_billing_nor_is_silent",
    ),
    Mutant(
        "offers: a fault stops no billing",
        BILLING,
        """        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception:""",
        "        except ZeroDivisionError:",
        "TestOfferBilling.test_a_fault_neither_stops_billing_nor_is_silent",
    ),
    Mutant(
        "offers: effective MRR while billing is late",
        SUBSCRIPTIONS,
        "THEN %(promised)s",
        "THEN %(contracted)s",
        "TestOfferBilling.test_with_the_scheduler_down_on_the_day",
    ),
    Mutant(
        "offers: effective MRR of a billed period",
        SUBSCRIPTIONS,
        "WHEN offer.given > 0 THEN %(given)s",
        "",
        "TestOfferBilling.test_three_invoices_carry_it_and_the_fourth_does_not",
    ),
    Mutant(
        "offers: the last period ends on its day",
        OFFERS,
        "AND one.period_end > today.date",
        "",
        "TestOfferBilling.test_ledger_follows_by_itself_where_nothing_is_billed",
    ),
    Mutant(
        "offers: nothing is billed for a pause",
        GRANT,
        "fields.Date.add(grant.next_date_before, months=offer.pause_months)",
        "grant.next_date_before",
        "TestOfferKinds.test_pause",
    ),
    Mutant(
        "offers: only the days of a pause are free",
        GRANT,
        "early = today < grant.ends_on and not automatic",
        "early = False",
        "TestOfferKinds.test_pause_that_ends_before_its_time",
    ),
    Mutant(
        "offers: a key grants once",
        GRANTING,
        "new = subscriptions - before.subscription_id.with_env(subscriptions.env)",
        "new = subscriptions",
        "TestOfferGranting.test_once_for_a_key",
    ),
    Mutant(
        "offers: customers count with all subscriptions",
        GRANTING,
        "had[sub.customer_id.id].append((today, True))",
        "pass",
        "TestOfferGranting.test_cap_of_a_year",
    ),
    Mutant(
        "offers: a company's own",
        GRANTING,
        "self.company_id and self.company_id != sub.company_id",
        "False",
        "TestOfferGranting.test_currencies_and_companies",
    ),
    Mutant(
        "rights: the queue writes to nobody whom its sender may not read",
        "models/mailing_mailing_access.py",
        'self.env["sale.subscription"].check_access("read")',
        "pass",
        "TestCampaignRights.test_nobody_sends_to_subscriptions_that_he_may_not_read",
    ),
    Mutant(
        "rights: nor to customers of a foreign company",
        "models/mailing_mailing_access.py",
        "            if foreign:",
        "            if False:",
        "TestCampaignRights.test_nobody_sends_to_customers_of_a_foreign_company",
    ),
    Mutant(
        "rights: who may not decide takes nothing back",
        "models/subscription_campaign.py",
        "campaign.member_ids.subscription_id._check_may_decide()",
        "pass",
        "TestCampaignRights.test_who_may_not_decide_is_refused",
    ),
    Mutant(
        "rights: no button for who may not press it",
        "views/subscription_campaign_views.xml",
        'groups="sales_team.group_sale_salesman,'
        'subscription_segmentation.group_manager"',
        "",
        "TestCampaignRights.test_buttons_are_shown_to_whom_they_obey",
    ),
    Mutant(
        "customers: whose risk counts is told",
        "models/subscription_customer_view_risk.py",
        "if deciding != scored:",
        "if False:",
        "TestCustomerView.test_risk_that_differs_from_the_score_is_explained",
    ),
]


def main(copy, base):
    only = os.environ.get("ONLY", "")
    mutants = [m for m in MUTANTS if re.search(only, m.file)]
    survived = []
    for mutant in mutants:
        path = copy / mutant.file
        text = path.read_text()
        if text.count(mutant.old) != 1:
            survived.append(mutant)
            print(f"STALE     {mutant.invariant}: {mutant.file}: {mutant.old.strip()}")
            continue
        path.write_text(text.replace(mutant.old, mutant.new))
        red = fails(mutant, copy, base)
        path.write_text(text)
        if not red:
            survived.append(mutant)
        print(
            f"{'killed' if red else 'SURVIVED':<10}{mutant.invariant}: {mutant.file}, "
            f"by {mutant.test}",
            flush=True,
        )
    print(f"{len(mutants) - len(survived)} passed, {len(survived)} failed")
    return bool(survived)


def free_port():
    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        return some.getsockname()[1]


def fails(mutant, copy, base):
    """Return whether a test goes red; one that cannot run at all counts as red too."""
    test = mutant.test
    if test.endswith(".py"):
        folder = copy / "tests" / "analytics"
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        command += [f"--rootdir={folder}", f"--confcutdir={folder}", folder / test]
        return subprocess.run(command, capture_output=True).returncode != 0
    database = f"{base}-1"
    sql = f'drop database if exists "{database}" with (force)'
    psql = ["psql", "-XAtqd", "postgres", "-c"]
    subprocess.run([*psql, sql], check=True, capture_output=True)
    sql = f'create database "{database}" template "{base}"'
    subprocess.run([*psql, sql], check=True, capture_output=True)
    command = [sys.executable, "-m", "odoo", "-d", database, "--stop-after-init"]
    if mutant.update:
        command += ["-u", copy.name]
    command += ["--http-port", str(free_port())]
    command += ["--addons-path", copy.parent]
    command += ["--test-tags", f"/{copy.name}:{test}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return True
    if " of 0 tests" in done.stderr or "odoo.tests.result" not in done.stderr:
        sys.exit(f"The test {test} did not run:\n{done.stderr[-2000:]}")
    return done.returncode != 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
