# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A stored model comes back as it was, or not at all."""

import io
import json
import pickle
import zipfile

import churn_data
import numpy as np
import pytest

from analytics.churn import ArtefactRefused, artefact, load, train
from analytics.churn.candidates import CANDIDATES, Fitted
from analytics.churn.model import ChurnModel
from analytics.churn.threads import one_thread


@pytest.fixture(scope="module")
def model():
    return train(*churn_data.made(300))


@pytest.fixture(scope="module")
def stored(model):
    made = io.BytesIO()
    model.save(made)
    return made.getvalue()


def members(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts, sign=True):
    """Return a file of these members, with the digest that fits them."""
    if sign:
        parts = {**parts, "digest": artefact._digest(parts).encode()}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return made.getvalue()


def refused(data, digest=None):
    with pytest.raises(ArtefactRefused) as caught:
        load(io.BytesIO(data), digest)
    return caught.value.reason


def changed(stored, **values):
    parts = members(stored)
    header = {**json.loads(parts["header.json"]), **values}
    return packed({**parts, "header.json": json.dumps(header).encode()})


@pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda one: one.name)
def test_it_predicts_as_before(model, candidate, tmp_path):
    X, y = churn_data.made(300)
    matrix, kinds = model.columns.matrix(X), model.columns.kinds
    fitted = one_thread(Fitted.learn)(candidate, matrix, y, kinds, 0)
    one = ChurnModel(model.columns, fitted, model.calibration, model.reference, {})
    digest = one.save(tmp_path / "model")
    other = load(tmp_path / "model", digest)
    X, _ = churn_data.made(300, seed=1)
    np.testing.assert_allclose(other.predict(X), one.predict(X), rtol=0, atol=1e-9)


def test_all_of_it_comes_back(model, stored):
    other = load(io.BytesIO(stored))
    X, _ = churn_data.made(50, seed=1)
    assert other.report == model.report
    assert other.explain(X).equals(model.explain(X))


def test_a_pickle_is_refused(model):
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert refused(pickle.dumps(model, protocol)) == "pickle"


def test_another_file_is_refused(stored):
    assert refused(b"") == "not_ours"
    assert refused(b"\x89PNG") == "not_ours"
    assert refused(packed({"header.json": b"{}"}, sign=False)) == "not_ours"
    assert refused(packed({**members(stored), "more": b""})) == "not_ours"


def test_a_truncated_or_changed_file_is_refused(stored):
    for end in range(2, len(stored), 97):
        assert refused(stored[:end]) == "damaged"
    parts = members(stored)
    for name in ("header.json", "estimator.skops"):
        other = packed({**parts, name: parts[name] + b" "}, sign=False)
        assert refused(other) == "damaged"


def test_a_forged_file_is_refused_by_the_digest_that_was_kept(model, stored):
    digest = model.save(io.BytesIO())
    forged = changed(stored, calibration=[-1.0, 0.0])
    assert load(io.BytesIO(forged)).calibration.slope == -1
    assert refused(forged, digest) == "not_ours"


class Foreign:
    """A type that skops does not know."""


def test_a_file_with_an_extra_type_is_refused(stored):
    import skops.io

    estimator = load(io.BytesIO(stored)).fitted.estimator
    estimator.extra = Foreign()
    parts = {**members(stored), "estimator.skops": skops.io.dumps(estimator)}
    assert refused(packed(parts)) == "types"
    parts["estimator.skops"] = skops.io.dumps({"not": "an estimator"})
    assert refused(packed(parts)) == "content"
    parts["estimator.skops"] = b"nothing"
    assert refused(packed(parts)) == "content"


def test_other_versions_are_refused(stored):
    now = artefact.versions()
    for name in now:
        assert refused(changed(stored, versions={**now, name: "0.1"})) == "version"
    assert refused(changed(stored, versions={})) == "version"
    assert refused(changed(stored, format=0)) == "version"


def test_parts_that_do_not_fit_are_refused(stored):
    assert refused(changed(stored, candidate="forest_of_mine")) == "content"
    assert refused(changed(stored, candidate="boosting")) == "content"
    assert refused(changed(stored, parts=[])) == "content"
    assert refused(changed(stored, columns=None)) == "content"


def test_only_two_types_are_trusted_beyond_skops():
    assert artefact.TRUSTED == (
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.tree._tree.Tree",
    )
