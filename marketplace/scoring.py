"""The published ranking formula (docs/ranking.md), as pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2

from core.min_group import show_figure

BREADTH_SHARE = 60
QUALITY_SHARE = 30
FRESHNESS_SHARE = 10
# People in 28 days that give all points of breadth.
BREADTH_FULL = 10_000
# Bayesian prior: every listing starts with this many ratings of PRIOR_STARS.
PRIOR_COUNT = 10
PRIOR_STARS = 3.8
FRESHNESS_HALF_LIFE_WEEKS = 26


@dataclass(frozen=True)
class Score:
    """Points that add up to ``total``, 0 to 100, and the trend, which has no upper limit."""

    breadth: float
    quality: float
    freshness: float
    trend: float

    @property
    def total(self) -> float:
        return round(self.breadth + self.quality + self.freshness, 2)


def compute_score(
    *, users_7d: int, users_28d: int, rating_count: int, rating_sum: int, weeks_since_update: int
) -> Score:
    """Return the score of a listing. Users are distinct people outside the builder's workspace.

    Fewer than MIN_GROUP count as none: otherwise the published points would tell how many they are.
    """
    users_7d, users_28d = (
        show_figure(users_7d, people=users_7d) or 0,
        show_figure(users_28d, people=users_28d) or 0,
    )
    breadth = min(1.0, log2(1 + users_28d) / log2(1 + BREADTH_FULL))
    mean = (PRIOR_COUNT * PRIOR_STARS + rating_sum) / (PRIOR_COUNT + rating_count)
    freshness = 0.5 ** (max(0, weeks_since_update) / FRESHNESS_HALF_LIFE_WEEKS)
    return Score(
        breadth=round(BREADTH_SHARE * breadth, 2),
        quality=round(QUALITY_SHARE * (mean - 1) / 4, 2),
        freshness=round(FRESHNESS_SHARE * freshness, 2),
        trend=compute_trend(users_7d=users_7d, users_28d=users_28d),
    )


def compute_trend(*, users_7d: int, users_28d: int) -> float:
    """Return the growth of weekly users against the three weeks before.

    It is weighted by the number of users: growth from one to three is not a trend yet.
    """
    weekly_before = max(0, users_28d - users_7d) / 3
    growth = log2((1 + users_7d) / (1 + weekly_before))
    return round(max(0.0, growth) * log2(1 + users_7d), 4)
