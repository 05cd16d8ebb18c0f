# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How long a relationship lasts, and the stage and band that makes it."""

#: Lifecycle stages and tenure bands, in the order in which they are gone through.
STAGES = ("onboarding", "stability", "loyal", "churned")
BANDS = ("new", "mid_term", "veteran")
