# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# pylint: disable=prefer-env-translation
"""Read reported usage, item by item, before anybody looks at a database.

One item is a mapping:

* one of ``subscription_id`` (number), ``subscription_ref`` (its key in the system its
  history was imported from) and ``subscription`` (its reference in Odoo)
* ``feature``: code of a feature
* ``date``: day (``2024-01-31``) or time (``2024-01-31T23:10:00+01:00``; UTC unless it
  says otherwise) in ISO 8601
* ``count``: how often on that day, whole and not negative
* ``event_key``: makes the item one event, which is added to its day once, however often
  it is sent. Without it the item is the total of its day and replaces the one before
* ``seconds``, ``users``: how long and by how many, whole, may be missing
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from datetime import date, datetime, timezone, tzinfo
from typing import NamedTuple

BY_ID, BY_REF, BY_NAME = WHO = ("subscription_id", "subscription_ref", "subscription")
FIELDS = {*WHO, "feature", "date", "count", "seconds", "users", "event_key"}
#: Largest count, number of seconds or users: that of a database column.
MAX_NUMBER = 2**31 - 1
MAX_TEXT = 255
FIRST_DAY = date(2000, 1, 1)
#: Half a character, which JSON may hold (an emoji that was cut) and no database.
_HALF = re.compile("[\ud800-\udfff]")

# Odoo collects what stands in `_lt(...)` for translation; who shows an error
# translates: `env._(MESSAGES[code], **values)`.
_lt = str

#: What is wrong and the way out, by the code of the error.
MESSAGES = {
    "item_invalid": _lt("This item is no mapping of names to values: send one."),
    "field_unknown": _lt(
        "%(names)s is not read: use subscription_id, subscription_ref or subscription, "
        "and feature, date, count, seconds, users, event_key."
    ),
    "subscription_missing": _lt(
        "Name the subscription by exactly one of subscription_id, subscription_ref and "
        "subscription."
    ),
    "subscription_unknown": _lt(
        "The company has no subscription with the %(how)s %(value)s."
    ),
    "subscription_ambiguous": _lt(
        "The company has several subscriptions with the reference %(value)s: name it "
        "by subscription_id or subscription_ref."
    ),
    "feature_unknown": _lt(
        "No feature has the code %(value)s: add it to the catalogue of features."
    ),
    "date_invalid": _lt(
        "The date %(value)s is no day or time as 2024-01-31 or 2024-01-31T10:00:00Z, "
        "from the year 2000 on."
    ),
    "date_future": _lt("The date %(value)s is in the future."),
    "date_closed": _lt(
        "The usage of this feature in the month of %(value)s has been rolled up: "
        "nothing is added to it any more."
    ),
    "count_invalid": _lt(
        "The count %(value)s is no whole number from 0 to 2,147,483,647."
    ),
    "seconds_invalid": _lt(
        "The seconds %(value)s are no whole number from 0 to 2,147,483,647."
    ),
    "users_invalid": _lt(
        "The users %(value)s are no whole number from 0 to 2,147,483,647."
    ),
    "event_key_invalid": _lt("The event key %(value)s is no text of 1 to 255 letters."),
}


class Item(NamedTuple):
    """A good item; ``index`` is its place, ``how`` one of :data:`WHO`."""

    index: int
    how: str
    who: int | str
    feature: str
    day: date
    count: int
    seconds: int | None
    users: int | None
    key: str | None


class Error(NamedTuple):
    """What is wrong with the item at ``index``; see :data:`MESSAGES`."""

    index: int
    code: str
    values: dict


class _Refused(Exception):
    def __init__(self, code, **values):
        self.code, self.values = code, values


def read(rows, zone: tzinfo, last_day: date) -> tuple[list[Item], list[Error]]:
    """Return the good items and what is wrong with the others.

    :param zone: the time zone in which a time is put on a day
    :param last_day: the latest day that is accepted
    """
    items, errors, days = [], [], {}
    for index, row in enumerate(rows):
        try:
            items.append(_item(index, row, zone, last_day, days))
        except _Refused as refused:
            errors.append(Error(index, refused.code, refused.values))
    return items, errors


def _item(index, row, zone, last_day, days):
    if not isinstance(row, dict):
        raise _Refused("item_invalid")
    if not row.keys() <= FIELDS:
        names = ", ".join(sorted(shown(name) for name in row.keys() - FIELDS))
        raise _Refused("field_unknown", names=names)
    named = [how for how in WHO if row.get(how) is not None]
    if len(named) != 1:
        raise _Refused("subscription_missing")
    how = named[0]
    who = row[how]
    good = _is_number(who) if how == BY_ID else _is_text(who)
    if not good:
        raise _Refused("subscription_unknown", how=how, value=shown(who))
    feature = row.get("feature")
    if not _is_text(feature):
        raise _Refused("feature_unknown", value=shown(feature))
    raw = row.get("date")
    # Many items hold few days: each is read once.
    day = days.get(raw) if type(raw) is str else None
    if day is None:
        day = _day(raw, zone)
        if len(days) < 1000 and type(raw) is str:
            days[raw] = day
    if day > last_day:
        raise _Refused("date_future", value=shown(raw))
    count = row.get("count")
    if not _is_number(count):
        raise _Refused("count_invalid", value=shown(count))
    seconds, users = row.get("seconds"), row.get("users")
    if seconds is not None and not _is_number(seconds):
        raise _Refused("seconds_invalid", value=shown(seconds))
    if users is not None and not _is_number(users):
        raise _Refused("users_invalid", value=shown(users))
    key = row.get("event_key")
    if key is not None and not _is_text(key):
        raise _Refused("event_key_invalid", value=shown(key))
    return Item(index, how, who, feature, day, count, seconds, users, key)


def _is_number(value):
    return type(value) is int and 0 <= value <= MAX_NUMBER


def _is_text(value):
    return (
        type(value) is str
        and 0 < len(value) <= MAX_TEXT
        and "\0" not in value
        and not _HALF.search(value)
    )


def _day(raw, zone):
    try:
        if type(raw) is str and len(raw) == 10:
            day = date.fromisoformat(raw)
        else:
            day = _time(raw).astimezone(zone).date()
    except (TypeError, ValueError, OverflowError):
        raise _Refused("date_invalid", value=shown(raw)) from None
    if day < FIRST_DAY:
        raise _Refused("date_invalid", value=shown(raw))
    return day


def _time(raw):
    if type(raw) is not str or len(raw) < 16 or len(raw) > 40:
        raise ValueError(raw)
    time = datetime.fromisoformat(raw[:-1] + "+00:00" if raw[-1] in "Zz" else raw)
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def digest(item: Item, subscription_id: int, feature_id: int) -> str:
    """Return what an event is known by: its key and what it was counted for."""
    text = f"{subscription_id}/{feature_id}/{item.day}/{item.key}"
    return b64encode(hashlib.blake2b(text.encode(), digest_size=15).digest()).decode()


def shown(value: object) -> str:
    """Return a value as an error shows it."""
    text = value if isinstance(value, str) else repr(value)
    text = _HALF.sub("\N{REPLACEMENT CHARACTER}", text)
    return text if len(text) <= 60 else text[:59] + "…"
