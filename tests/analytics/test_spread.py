# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who gets what: nobody is given more than another who has less."""

from collections import Counter
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from analytics.spread import on_days, spread

PEOPLE = ["ann", "bob", "cleo"]


@given(
    st.lists(st.integers(), unique=True),
    st.dictionaries(st.sampled_from(PEOPLE), st.integers(0, 20)),
)
def test_who_has_least_gets_the_next(items, load):
    result = spread(items, PEOPLE, load)
    assert set(result) == set(items)
    given_ = Counter(result.values())
    for person in given_:
        # With one item less she had no more than anybody has in the end.
        before = load.get(person, 0) + given_[person] - 1
        assert all(before <= load.get(one, 0) + given_[one] for one in PEOPLE)


def test_by_weight():
    weights = {"big": 100, "middle": 60, "small": 30}
    result = spread(weights, PEOPLE[:2], weigh=weights.get)
    assert result == {"big": "ann", "middle": "bob", "small": "bob"}


def test_who_suits_is_preferred_and_nobody_is_left_out():
    speaks = {"ann": "de", "bob": "fr", "cleo": "fr"}
    result = spread(
        ["de", "de", "fr", "fr", "xx"],
        PEOPLE,
        suits=lambda item, person: speaks[person] == item,
    )
    assert list(spread(["de", "it"], []).items()) == []
    assert result["de"] == "ann" and result["xx"] in ("bob", "cleo")


def test_days():
    assert on_days(5, 2, count(1)) == [1, 1, 2, 2, 3]
    assert on_days(3, 0, count(1)) == [1, 1, 1]
    assert on_days(0, 2, count(1)) == []
