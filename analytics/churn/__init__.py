# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who is about to leave: a model of churn learned from any table.

It knows nothing of Odoo and needs pandas, scikit-learn, skops and threadpoolctl::

    from analytics.churn import load, train

    model = train(X, y)            # DataFrame, booleans
    model.predict(X)               # probabilities
    model.explain(X, top=3)        # reasons
    model.evaluate(X, y)           # figures
    model.save("churn.model")
    load("churn.model")
"""

from .artefact import load
from .drift import drift, psi
from .errors import ArtefactRefused, MissingColumns, NotEnoughChurn
from .evaluation import Evaluation, evaluate, refusals
from .model import ChurnModel, train
