# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who of several people gets what, and when."""


def spread(items, people, load=None, weigh=None, suits=None):
    """Give each item to whoever has least by then, in the order of the items.

    :param people: in the order in which they get theirs when they have the same
    :param load: ``{person: what she has already}`` (missing: 0)
    :param weigh: function of an item: what it adds (None: 1 each)
    :param suits: function of an item and a person: whether she is preferred for it;
        where nobody is, all are asked
    :return: ``{item: person}``; empty without people
    """
    load = {person: (load or {}).get(person, 0) for person in people}
    result = {}
    for item in items if load else ():
        preferred = [one for one in load if suits(item, one)] if suits else []
        person = min(preferred or load, key=load.get)
        load[person] += weigh(item) if weigh else 1
        result[item] = person
    return result


def on_days(number, per_day, days):
    """Return the days of so many things, ``per_day`` on each (0: all on the first).

    :param days: iterator of days
    """
    day, result = next(days), []
    for done in range(number):
        if per_day and done and done % per_day == 0:
            day = next(days)
        result.append(day)
    return result
