from playwright.sync_api import Page

PAIR = "/compare/claude-haiku-open-weights-vs-mistral-medium-3/"


def test_linked_data_parses_and_violates_no_content_security_policy(site, page: Page):
    for path in ("/", PAIR, "/tools/open-webui/", "/categories/speech/"):
        page.goto(site + path)  # the fixture fails on any complaint in the console
        text = page.locator('script[type="application/ld+json"]').text_content()
        assert page.evaluate("text => JSON.parse(text)['@context']", text) == "https://schema.org", path


def test_json_can_be_read_by_a_script_of_another_origin(site, page: Page):
    elsewhere = "http://localhost:1/"  # another port is another origin
    page.route(elsewhere, lambda route: route.fulfill(body="<title>Elsewhere</title>", content_type="text/html"))
    page.context.grant_permissions(["local-network-access"])  # otherwise Chromium asks before it reaches this machine
    page.goto(elsewhere)
    for path in (PAIR.rstrip("/") + ".json", "/compare/mistral-medium-3-vs-claude-haiku-open-weights.json"):
        schema = page.evaluate("url => fetch(url).then(answer => answer.json()).then(json => json.schema)", site + path)
        assert schema == "shipside-comparison/1"
