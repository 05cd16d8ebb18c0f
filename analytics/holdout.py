# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who is left out of an action, to compare those who were reached with.

By a hash, so that the same key always leaves out the same customers, whoever else is
chosen and whenever, and two keys leave out customers independently of each other.
"""

import hashlib

#: Buckets of the hash: a share is exact to this.
BUCKETS = 10_000


def bucket(key, id_):
    """Return the bucket of an id under a key, 0 to ``BUCKETS`` - 1.

    The first 28 bits of the MD5 of ``key:id``, which PostgreSQL computes alike.
    """
    digest = hashlib.md5(f"{key}:{id_}".encode(), usedforsecurity=False).hexdigest()
    return int(digest[:7], 16) % BUCKETS


def held_out(key, ids, percent):
    """Return the set of those ids that are left out under a key.

    :param percent: how many of a hundred, 0 to 100
    """
    limit = percent * BUCKETS / 100
    return {id_ for id_ in ids if bucket(key, id_) < limit}
