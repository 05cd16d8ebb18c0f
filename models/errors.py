# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What errors say."""


def error_text(error):
    """Return what an error says, without what a database adds to it."""
    message = getattr(getattr(error, "diag", None), "message_primary", None)
    return message or str(error) or type(error).__name__
