"""The content of the demonstration: complete, typed, in all shapes of prices, and honest about itself."""

import json
from collections import Counter

import pytest

from tests.catalog.documents import DEMO

pytestmark = pytest.mark.django_db


def test_demo_is_complete_and_says_that_it_is_a_demonstration():
    demo = json.loads(DEMO.read_text())
    tools = demo["tools"]
    assert (len(tools) >= 24, len(demo["categories"]) >= 5, len(demo["comparisons"]) >= 16) == (True, True, True)
    seats = {reviewer["slug"] for reviewer in demo["reviewers"]}
    for each in tools:
        assert {review["reviewer"] for review in each["reviews"]} == seats
        assert len(each["facts"]) >= 5
        assert each["plans"]
    for reviewer in demo["reviewers"]:
        assert "editorial persona" in reviewer["disclosure"].lower()
        assert "demonstration" in reviewer["disclosure"]


def test_demo_reviews_say_their_reason_in_one_line_and_claim_no_use_that_nobody_had():
    reviews = [review for each in json.loads(DEMO.read_text())["tools"] for review in each["reviews"]]
    gists = [review["gist"] for review in reviews]
    assert len(set(gists)) == len(gists)
    assert max(map(len, gists)) <= 90
    assert {review["basis"] for review in reviews} == {"read"}


def test_demo_has_prices_in_every_shape():
    standing = [
        [plan for plan in tool["plans"] if "superseded_at" not in plan]
        for tool in json.loads(DEMO.read_text())["tools"]
    ]
    assert sum(all(plan["kind"] != "free" for plan in plans) for plans in standing) >= 10
    plans = [plan for plans in standing for plan in plans]
    for key in ("per_seat", "is_from", "billed_yearly", "minimum_seats", "maximum_seats", "trial_days"):
        assert any(plan.get(key) for plan in plans), key
    rates = [rate for plan in plans for rate in plan.get("rates", [])]
    assert {rate.get("beyond", "costs") for rate in rates} == {"costs", "stops", "slows"}
    assert {"input", "cached-input", "output", "image", "minute", "gpu-hour", "gigabyte", "request", "credit"} <= {
        rate["meter"] for rate in rates
    }


def test_demo_types_its_facts():
    demo = json.loads(DEMO.read_text())
    for category in demo["categories"]:
        kinds = [each["kind"] for each in demo["attributes"] if category["slug"] in each["categories"]]
        assert (len(kinds) >= 8, len(kinds) - kinds.count("text") >= 5) == (True, True), category["slug"]
    for each in demo["attributes"]:
        assert each["heading"]
        assert each["explanation"].endswith(".")
        assert any(fact["attribute"] == each["slug"] for tool in demo["tools"] for fact in tool["facts"]), each["slug"]
    licenses = Counter(
        value
        for tool in demo["tools"]
        for fact in tool["facts"]
        if fact["attribute"] == "license" and "superseded_at" not in fact
        for value in fact["value"].split(", ")
    )
    assert (licenses["apache-2.0"], licenses["mit"]) == (14, 8)


def test_fewer_than_three_in_five_typed_facts_of_the_demo_differ():
    demo = json.loads(DEMO.read_text())
    typed = {each["slug"] for each in demo["attributes"] if each["kind"] != "text"}
    values = {
        tool["slug"]: {fact["attribute"]: fact["value"] for fact in tool["facts"] if "superseded_at" not in fact}
        for tool in demo["tools"]
    }
    differences = [
        values[first][slug] != values[second][slug]
        for first, second in (comparison["tools"] for comparison in demo["comparisons"])
        for slug in typed & values[first].keys() & values[second].keys()
    ]
    assert sum(differences) / len(differences) < 0.6


def test_demo_quotes_all_begin_differently():
    quotes = [review["quote"] for each in json.loads(DEMO.read_text())["tools"] for review in each["reviews"]]
    openings = [" ".join(quote.split()[:4]) for quote in quotes]
    assert len(set(openings)) == len(openings)
