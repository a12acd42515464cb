"""The rule for what an edition must say. No queries."""

NO_VERDICT = "No verdict yet"


def find_verdict_errors(*, verdict: str, quote: str, is_draft: bool) -> dict[str, str]:
    """Return what is missing in an edition, as {field: message}. Only a draft can be without a verdict.

    The constraints of the database say the same (`Review.Meta`).
    """
    if not verdict and not is_draft:
        return {"verdict": "Choose ship or skip. Only a draft can be without a verdict."}
    if verdict and not quote.strip():
        return {"quote": "A verdict needs reasons."}
    return {}
