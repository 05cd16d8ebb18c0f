# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A model in one file, and back, without pickle.

A zip of three members: ``header.json`` (all that is plain), ``estimator.skops`` (the
scikit-learn estimator) and ``digest`` (SHA-256 of the two). skops builds nothing but
the types it trusts and those of ``TRUSTED``. A digest in the file shows damage and
careless changes; who keeps the digest that ``save`` returns elsewhere is safe from
forged files.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile

from . import model
from .calibration import Sigmoid
from .candidates import CANDIDATES, Fitted
from .columns import Columns
from .design import Linear, Trees
from .errors import ArtefactRefused

FORMAT = 1
#: Beyond what skops trusts by itself: the trees of boosting and of the forest.
TRUSTED = (
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
)
HEADER, ESTIMATOR, DIGEST = "header.json", "estimator.skops", "digest"
#: No model is larger than this, in bytes.
MOST_BYTES = 256 * 2**20


def versions() -> dict[str, str]:
    """Return the versions that a stored model depends on."""
    import sklearn
    import skops

    return {"scikit-learn": sklearn.__version__, "skops": skops.__version__}


def save(one: model.ChurnModel, file) -> str:
    """Write a model to a path or a binary file and return its digest."""
    import skops.io

    fitted = one.fitted
    header = {
        "format": FORMAT,
        "versions": versions(),
        "candidate": fitted.candidate.name,
        "columns": one.columns.as_dict(),
        "parts": fitted.input.parts,
        "rows": fitted.rows,
        "edge": fitted.edge,
        "calibration": [one.calibration.slope, one.calibration.shift],
        "reference": one.reference,
        "report": one.report,
    }
    members = {
        HEADER: json.dumps(header, allow_nan=False).encode(),
        ESTIMATOR: skops.io.dumps(fitted.estimator),
    }
    digest = _digest(members)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**members, DIGEST: digest.encode()}.items():
            archive.writestr(name, data)
    if isinstance(file, str | os.PathLike):
        with open(file, "wb") as stream:
            stream.write(made.getvalue())
    else:
        file.write(made.getvalue())
    return digest


def load(file, digest: str | None = None) -> model.ChurnModel:
    """Return the model that ``save`` wrote.

    :param file: a path or a binary file
    :param digest: what ``save`` returned; another model is refused
    :raise ArtefactRefused: anything else than an undamaged model of these versions
    """
    if isinstance(file, str | os.PathLike):
        with open(file, "rb") as stream:
            data = stream.read()
    else:
        data = file.read()
    members = _members(data)
    own = members.pop(DIGEST).decode(errors="replace")
    if own != _digest(members):
        raise ArtefactRefused("damaged", "The model was changed after it was saved.")
    if digest is not None and own != digest:
        raise ArtefactRefused("not_ours", "This is another model than was saved.")
    try:
        header = json.loads(members[HEADER])
        found = {**header["versions"], "format": header["format"]}
    except (ValueError, KeyError, TypeError) as error:
        raise ArtefactRefused("content", "The header cannot be read.") from error
    ours = {**versions(), "format": FORMAT}
    for name, version in ours.items():
        if found.get(name) != version:
            text = f"Saved with {name} {found.get(name)}, here is {version}."
            raise ArtefactRefused("version", text)
    estimator = _estimator(members[ESTIMATOR])
    try:
        return _model(header, estimator)
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration) as error:
        raise ArtefactRefused("content", "The parts do not fit together.") from error


def _members(data):
    if data[:1] == b"\x80" or (data[-1:] == b"." and not data.startswith(b"PK")):
        raise ArtefactRefused("pickle", "Pickled models are never loaded.")
    if not data.startswith(b"PK"):
        raise ArtefactRefused("not_ours", "This is no stored model.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            names = sorted(entry.filename for entry in entries)
            if names != sorted((HEADER, ESTIMATOR, DIGEST)):
                raise ArtefactRefused("not_ours", "This is no stored model.")
            if sum(entry.file_size for entry in entries) > MOST_BYTES:
                raise ArtefactRefused("not_ours", "No model is as large as this.")
            return {name: archive.read(name) for name in names}
    except (zipfile.BadZipFile, EOFError, OSError, ValueError) as error:
        if isinstance(error, ArtefactRefused):
            raise
        raise ArtefactRefused("damaged", "The model is incomplete.") from error


def _estimator(data):
    import skops.io

    try:
        foreign = set(skops.io.get_untrusted_types(data=data)) - set(TRUSTED)
    except Exception as error:  # whatever skops stumbles over
        raise ArtefactRefused("content", "The estimator cannot be read.") from error
    if foreign:
        text = f"Types that are not trusted: {', '.join(sorted(foreign))}."
        raise ArtefactRefused("types", text)
    try:
        return skops.io.loads(data, trusted=list(TRUSTED))
    except Exception as error:
        raise ArtefactRefused("content", "The estimator cannot be read.") from error


def _model(header, estimator):
    named = next(one for one in CANDIDATES if one.name == header["candidate"])
    inputs = (Linear if named.linear else Trees)(header["parts"])
    if type(estimator) is not type(named.estimator(0)):
        raise ValueError("another estimator")
    if estimator.n_features_in_ != sum(inputs.widths):
        raise ValueError("another number of columns")
    return model.ChurnModel(
        Columns.from_dict(header["columns"]),
        Fitted(named, inputs, estimator, header["rows"], header["edge"]),
        Sigmoid(*header["calibration"]),
        header["reference"],
        header["report"],
    )


def _digest(members):
    made = hashlib.sha256()
    for name in (HEADER, ESTIMATOR):
        made.update(len(members[name]).to_bytes(8, "big") + members[name])
    return made.hexdigest()
