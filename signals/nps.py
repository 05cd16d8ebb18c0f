# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What customers answered when asked how likely they are to recommend us."""

from odoo.tools import SQL

from .frame import only, read


def nps(env, company, as_of, ids=None):
    """Return the latest answer of a company's customers, as was known on a date.

    :param ids: only of these customers (None: all)
    :return: DataFrame indexed by customer id, those who answered only: ``nps`` (0 to
        10), ``nps_days`` (days since the answer), both floats
    """
    env["subscription.nps"].flush_model()
    return read(
        env,
        SQL(
            """
            SELECT DISTINCT ON (customer_id)
                   customer_id AS id,
                   score AS nps,
                   %(as_of)s::date - date AS nps_days
              FROM subscription_nps
             WHERE company_id = %(company)s
               AND date <= %(as_of)s
               AND known_on <= %(as_of)s
               AND customer_id IS NOT NULL
               AND %(only)s
          ORDER BY customer_id, date DESC, subscription_nps.id DESC
            """,
            company=company.id,
            as_of=as_of,
            only=only("customer_id", ids),
        ),
        dtypes={"id": "int64", "nps": "float64", "nps_days": "float64"},
    ).set_index("id")
