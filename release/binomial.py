"""Tails of the binomial distribution: how likely a count is, if a share were true. Pure and exact to about 1e-9."""

from __future__ import annotations

from math import exp, lgamma, log, log1p

_NEGLIGIBLE = 1e-12


def at_least(successes: int, trials: int, share: float) -> float:
    """Probability of `successes` or more in `trials` independent trials that each succeed with `share`."""
    if not 0 <= share <= 1:
        raise ValueError(f"a share lies between 0 and 1, not at {share}")
    if successes <= 0:
        return 1.0
    if successes > trials:
        return 0.0
    if share in (0.0, 1.0):
        return share
    if successes <= trials * share:
        return max(0.0, 1.0 - at_least(trials - successes + 1, trials, 1 - share))
    return _falling_tail(successes, trials, share)


def at_most(successes: int, trials: int, share: float) -> float:
    """Probability of `successes` or fewer in `trials` independent trials that each succeed with `share`."""
    return at_least(trials - successes, trials, 1 - share)


def _falling_tail(successes: int, trials: int, share: float) -> float:
    """The upper tail from above the mean, where each term is smaller than the one before it."""
    ways = lgamma(trials + 1) - lgamma(successes + 1) - lgamma(trials - successes + 1)
    term = exp(ways + successes * log(share) + (trials - successes) * log1p(-share))
    total, odds = term, share / (1 - share)
    for count in range(successes, trials):
        term *= (trials - count) / (count + 1) * odds
        total += term
        if term < total * _NEGLIGIBLE:
            break
    return min(1.0, total)
