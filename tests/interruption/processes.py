# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Processes that work on the database of a shell and may be killed."""

import os
import random
import signal
import time
import traceback

from odoo import sql_db
from odoo.api import SUPERUSER_ID, Environment

#: How the database server knows the processes.
NAME = "to-be-killed-"
BACKENDS = "SELECT FROM pg_stat_activity WHERE application_name = %s"


def query(env, text, *args):
    """Return the rows of a query in a transaction of its own."""
    env.cr.execute(text, args)
    result = env.cr.fetchall() if env.cr.description else None
    env.cr.commit()
    return result


def start_process(env, work, **context):
    """Return the number of a process that works, with connections of its own.

    :param work: function of its environment; what it leaves is committed
    """
    process = os.fork()
    if process:
        return process
    try:
        random.seed()
        name = env.cr.dbname
        info = sql_db.connection_info_for(name)[1]
        info["application_name"] = f"{NAME}{os.getpid()}"
        cr = sql_db.Connection(sql_db.ConnectionPool(4), name, info).cursor()
        work(Environment(cr, SUPERUSER_ID, context))
        cr.commit()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def kill(process):
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)


def settle(env, process):
    """Wait until the database server has noticed that a process is gone."""
    end = time.monotonic() + 60
    while query(env, BACKENDS, f"{NAME}{process}"):
        if time.monotonic() > end:
            raise AssertionError("what a killed process began goes on")
        time.sleep(0.02)
