"""Proposals of token prices: they match the package's own arithmetic, and nothing is imported by itself."""

from decimal import ROUND_HALF_UP, Decimal

import genai_prices
import pytest
from django.core.management import CommandError, call_command

from catalog.list_prices import find_data_day, find_model, read_rates_of
from tests import factories as make
from tests.desk.uploading import PUBLISHES, SEES, client_with, import_now, messages_of, visible_text
from tools.costs import Usage, compute_bill, round_to_cent
from tools.models import Plan
from tools.prices import Price

MODELS = [
    "openai:gpt-5-mini", "openai:gpt-4o", "openai:gpt-4o-mini", "openai:o3", "openai:o3-mini", "openai:o4-mini",
    "anthropic:claude-opus-4-5", "anthropic:claude-sonnet-4-6", "anthropic:claude-opus-4-1",
    "mistral:mistral-small-latest", "mistral:pixtral-12b", "deepseek:deepseek-chat", "deepseek:deepseek-reasoner",
    "cohere:command-a", "cohere:command-r7b", "groq:openai/gpt-oss-120b", "groq:qwen/qwen3-32b", "x-ai:grok-3-mini",
    "x-ai:grok-code-fast-1", "moonshotai:kimi-k2.6", "perplexity:sonar-pro",
]  # fmt: skip
USES = [
    {"input": 50_000_000, "output": 10_000_000},
    {"input": 10_000_000, "cached-input": 40_000_000, "output": 1_234_567},
    {"input": 7, "cached-input": 3},
    {"input": 10**12, "output": 10**12},
]


def test_there_are_twenty_models():
    assert len(set(MODELS)) >= 20


@pytest.mark.parametrize("model_id", MODELS)
@pytest.mark.parametrize("use", USES)
def test_bill_equals_the_calculation_of_the_package_to_the_cent(model_id, use):
    provider, model = find_model(model_id)
    rates, is_from = read_rates_of(model)
    if any(rate.meter == "request" for rate in rates):  # the package adds the price of one
        use = {**use, "request": 1}
    bill = compute_bill("API", Price("paid", None, "USD", "usage", rates=rates, is_from=is_from), Usage.of(use))
    # The package counts cached tokens among the input tokens.
    usage = genai_prices.Usage(
        input_tokens=use["input"] + use.get("cached-input", 0),
        cache_read_tokens=use.get("cached-input", 0),
        output_tokens=use.get("output", 0),
    )
    theirs = genai_prices.calc_price(usage, model_id.partition(":")[2], provider_id=provider.id).total_price
    assert not is_from
    assert round_to_cent(bill.amount, "USD") == theirs.quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_price_that_depends_on_the_length_of_the_input_starts_from_its_lowest():
    rates, is_from = read_rates_of(find_model("google:gemini-2.5-pro")[1])
    assert (is_from, rates[0].amount) == (True, Decimal("1.25"))


@pytest.mark.parametrize("model_id", ["openai:gpt-99", "nobody:gpt-5-mini", "gpt-5-mini"])
def test_unknown_model_is_refused_with_a_message(model_id):
    with pytest.raises(LookupError, match=r"does not know the model"):
        find_model(model_id)


# -- The proposal -------------------------------------------------------------------------------------------

MINI = [
    {"meter": "input", "amount": "0.25", "per": 10**6, "included": 0, "beyond": "costs"},
    {"meter": "cached-input", "amount": "0.025", "per": 10**6, "included": 0, "beyond": "costs"},
    {"meter": "output", "amount": "2", "per": 10**6, "included": 0, "beyond": "costs"},
]
USAGE = {"kind": "paid", "currency": "USD", "period": "usage"}


@pytest.fixture
def _data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path


def propose(capsys) -> str:
    call_command("import_prices", "--from", "genai-prices")
    captured = capsys.readouterr()
    return captured.out + captured.err


@pytest.mark.django_db
@pytest.mark.usefixtures("_data_dir")
def test_proposal_waits_at_the_desk_and_is_imported_only_there(capsys, client):
    tool = make.tool(slug="mini", name="Mini", model_ids=["openai:gpt-5-mini"])
    old = make.plan(of=tool, name="Tokens", rates=[{**MINI[0], "amount": "0.3"}, MINI[2]], **USAGE)
    make.plan(of=tool, name="Free")
    make.tool(name="Lost", model_ids=["openai:gpt-99"])
    make.tool()
    before = list(Plan.objects.values())
    text = propose(capsys)
    assert "Lost: genai-prices " in text
    assert "plan “Tokens” of “Mini” has another price" in text
    assert "Nothing was imported." in text
    assert list(Plan.objects.values()) == before

    editor = client_with(*PUBLISHES)
    assert "Proposed token prices" in editor.get("/admin/catalog/").content.decode()
    shown = editor.post("/admin/catalog/prices/")
    text = visible_text(shown)
    assert "input: 0.3 per 1M; output: 2 per 1M" in text
    assert "input: 0.25 per 1M; cached-input: 0.025 per 1M; output: 2 per 1M" in text
    assert "https://developers.openai.com/api/docs/pricing" in text
    assert list(Plan.objects.values()) == before
    assert "$0.30 in" in client.get("/tools/mini/").content.decode()

    import_now(editor, "/admin/catalog/", shown)
    new = tool.plans.current().get(name="Tokens")
    assert (new.rates, new.verified_on) == (MINI, find_data_day())
    old.refresh_from_db()
    assert old.superseded_at is not None
    assert "$0.25 in · $2 out per 1M" in client.get("/tools/mini/").content.decode()

    assert "1 prices are the same" in propose(capsys)
    assert "Proposed token prices" not in editor.get("/admin/catalog/").content.decode()
    response = editor.post("/admin/catalog/prices/", follow=True)
    assert messages_of(response) == ["The proposal is gone. The next one comes with the next run of import_prices."]


@pytest.mark.django_db
@pytest.mark.usefixtures("_data_dir")
def test_tool_without_a_usage_plan_gets_one_per_model_and_keeps_what_is_not_listed(capsys):
    image = {"meter": "image", "amount": "0.04", "per": 1, "included": 0, "beyond": "costs"}
    one = make.tool(model_ids=["openai:gpt-5-mini"])
    two = make.tool(model_ids=["openai:gpt-5-mini", "openai:gpt-4o"])
    kept = make.tool(model_ids=["openai:gpt-5-mini"])
    make.plan(of=kept, name="Usage", rates=[MINI[0], image], **USAGE)
    make.plan(of=kept, name="Euro", rates=[MINI[0]], **{**USAGE, "currency": "EUR"})
    propose(capsys)
    editor = client_with(*PUBLISHES)
    import_now(editor, "/admin/catalog/", editor.post("/admin/catalog/prices/"))
    assert list(one.plans.values_list("name", "rates")) == [("API", MINI)]
    assert list(two.plans.order_by("pk").values_list("name", flat=True)) == ["GPT-5 mini", "gpt 4o"]
    assert kept.plans.current().get(name="Usage").rates == [*MINI, image]
    assert kept.plans.current().get(name="Euro").rates == [MINI[0]]


@pytest.mark.django_db
@pytest.mark.usefixtures("_data_dir")
def test_proposal_needs_the_import_permission(capsys):
    make.tool(model_ids=["openai:gpt-5-mini"])
    propose(capsys)
    assert client_with(*SEES).post("/admin/catalog/prices/").status_code == 403
    assert client_with(*PUBLISHES, name="bo").get("/admin/catalog/prices/").status_code == 405


def test_source_of_prices_must_be_known():
    with pytest.raises(CommandError, match="invalid choice"):
        call_command("import_prices", "--from", "elsewhere")
