"""The words that fake content is composed of (`catalog.made_up.generator`)."""

from typing import NamedTuple


class MadeUpAttribute(NamedTuple):
    """An attribute of any kind, and the values that its facts are chosen from: of choices, the names."""

    name: str
    kind: str
    values: tuple[str, ...]
    several: bool = False
    unit: str = ""
    better: str = ""


HEADINGS = ("", "Terms", "Technology")
GRADES = ("yes", "partly", "no")

SYLLABLES = (
    "al", "an", "ba", "bel", "bri", "ca", "cor", "da", "del", "dor", "el", "en", "fa", "fen", "ga", "gor", "ha", "hel",
    "il", "ka", "kor", "la", "len", "lo", "ma", "mer", "mi", "mo", "na", "ner", "no", "or", "pa", "per", "po", "qui",
    "ra", "ren", "ri", "ro", "sa", "sel", "so", "ta", "ten", "to", "tri", "um", "va", "ver", "vi", "za", "zen", "zo",
)  # fmt: skip
SURNAMES = (
    "Studio", "Agent", "Code", "Search", "Vision", "Voice", "Runner", "Router", "Index", "Notebook", "Gateway", "Lens",
    "Workbench", "Open Weights", "Cloud for Teams", "Enterprise Document Understanding Suite",
)  # fmt: skip
FIELDS = (
    "Agent Runtimes", "Prompt Routing", "Evaluation", "Tracing", "Embeddings", "Rerankers", "Document Parsing", "OCR",
    "Meeting Notes", "Translation", "Subtitles", "Voice Cloning", "Music", "Video Editing", "Photo Repair", "3D Models",
    "Code Review", "Test Writing", "Migrations", "Terminal Assistants", "SQL Assistants", "Spreadsheets", "Dashboards",
    "Customer Support", "Email Triage", "Contract Reading", "Bookkeeping", "Recruiting", "Tutoring", "Lab Notebooks",
    "Maps and Routes", "Home Automation", "Robotics", "Forecasting", "Fraud Detection", "Guardrails", "Red Teaming",
    "Data Labelling", "Synthetic Data", "Fine-tuning",
)  # fmt: skip
ATTRIBUTES = (
    MadeUpAttribute("License", "choice", ("MIT", "Apache-2.0", "AGPL-3.0", "BSL-1.1", "Proprietary"), several=True),
    MadeUpAttribute(
        "Context window", "number", ("8000", "32000", "128000", "200000", "1000000"), unit="tokens", better="higher"
    ),
    MadeUpAttribute("Self-hosting", "grade", GRADES),
    MadeUpAttribute("Written in", "choice", ("Python", "Rust", "Go", "TypeScript", "C++", "Java"), several=True),
    MadeUpAttribute("Sign-in", "choice", ("Passwords", "SAML", "OIDC", "None"), several=True),
    MadeUpAttribute("Newest version", "version", ("0.9", "1.0", "1.10", "2.4.1", "3.0-rc1")),
    MadeUpAttribute("API", "text", ("REST", "REST and gRPC", "OpenAI-compatible", "None")),
    MadeUpAttribute("Memory needed", "number", ("0.5", "8", "16", "24", "80"), unit="GB", better="lower"),
    MadeUpAttribute("Data leaves the building", "choice", ("Never", "Telemetry only", "Always")),
    MadeUpAttribute("First release", "day", ("2021-03-01", "2023-11-14", "2024-02-29", "2026-06-30")),
    MadeUpAttribute("Maker", "text", ("A company of twelve", "A university lab", "One maintainer", "A foundation")),
    MadeUpAttribute("Offline", "grade", GRADES),
)
NOTES_ON_FACTS = ("in the paid plans", "after the first download", "with a license key", "the core, not the dashboard")
PLANS = ("Hobby", "Solo", "Team", "Business", "Enterprise", "Open weights")
UNITS = ("1M tokens", "1,000 pages", "hour of audio", "1,000 images", "agent run")
DOING = (
    "reads invoices", "answers tickets", "writes unit tests", "reviews pull requests", "labels photographs",
    "searches manuals", "translates subtitles", "watches dashboards", "drafts contracts", "sorts a mailbox",
    "plans a schema change", "cuts podcasts", "fills in spreadsheets", "routes prompts to the cheapest model",
)  # fmt: skip
MANNER = (
    "on your own hardware", "from a single binary", "without a cloud account", "inside the editor you have",
    "at the price of a lunch", "for teams that keep records", "and shows its sources", "overnight, in batches",
)  # fmt: skip
TRIALS = (
    "I ran it against {corpus} for {span}", "We put {corpus} through it in {span}", "Over {span} it saw {corpus}",
    "I gave it {corpus} and {span}", "A colleague fed it {corpus} for {span}",
)  # fmt: skip
CORPORA = (
    "a warehouse’s packing slips", "forty pull requests", "the minutes of a town council", "a drawer of receipts",
    "two years of support tickets", "a box of scanned contracts", "the call recordings of a dentist",
    "a monorepo with three build systems", "a museum’s photo archive", "the logs of a bakery’s ovens",
    "a novel in manuscript", "six languages of user manuals",
)  # fmt: skip
SPANS = ("an afternoon", "a week", "three weeks", "a quarter", "one long night", "two sprints")
GOOD = (
    "the backlog was gone before the coffee was cold", "it failed twice, and both times the log said why",
    "nobody asked for the old tool back", "the bill came to less than the parking",
    "it kept working when I pulled the network cable", "the diff was smaller than the one I would have written",
    "every answer carried the page it came from", "the upgrade was one command and no meeting",
)  # fmt: skip
BAD = (
    "a third of the answers cited pages that do not exist", "the queue stalled each time a file had an umlaut",
    "the export left out every attachment", "it asked for an administrator’s password to install a font",
    "the second invoice was four times the first", "support replied on the ninth day, with a link to the manual",
    "a restart lost the index and nobody had written that down", "it was confident, quick, and wrong about dates",
)  # fmt: skip
REMARKS = (
    "The configuration is one file, and it fits on a screen.",
    "The price page has a footnote; read it with a calculator.",
    "What it stores, it stores in SQLite, so leaving is a copy of one file.",
    "Its changelog names what broke, which is rarer than it should be.",
    "The documentation stops where the difficult part begins.",
    "Somebody has thought about backups, and it shows.",
    "There is a button that does everything, and I would hide it from the interns.",
    "Eight gigabytes of memory are enough; sixteen are comfortable.",
    "Permissions are all or nothing, so plan for a second account.",
    "It is a good tool with a poor name.",
)  # fmt: skip
RIVALRY = (
    "{rival} does the same with fewer moving parts.", "After {rival} it feels like a quiet room.",
    "Those who have {rival} already need not hurry.", "{rival} is cheaper, until you count the hours.",
)  # fmt: skip
ENDINGS = {
    "ship": ("Ship it.", "I would ship with it on Monday.", "It stays in the stack.", "Yes, and keep the receipt."),
    "skip": ("Skip it this year.", "Not with my pager.", "I would wait for the next version.", "No, kindly."),
}
FLIPS = {
    "ship": ("A second price rise would flip this.", "Losing the offline mode would flip this."),
    "skip": ("An export that is complete would flip this.", "A year without an outage would flip this."),
}
CLAIMS = (
    "Superseded by a smaller model within a year", "The free plan is gone within eighteen months",
    "Bought by a cloud provider", "Reaches version 4 without breaking its API", "Half of its users run it offline",
    "Its file format becomes what others import", "The price per token halves",
)  # fmt: skip
NOTES = ("Announced by the maker.", "The price page says so.", "No sign of it on the day it was due.")
DISCLOSURE = "A made-up seat for load tests. Nobody stands behind it."
