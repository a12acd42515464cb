"""The words that fake content is composed of (`catalog.made_up.generator`)."""

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
ATTRIBUTES = {
    "License": ("MIT", "Apache-2.0", "AGPL-3.0", "Proprietary", "Research only", "BSL 1.1, MIT after four years"),
    "Context window": ("8k tokens", "32k tokens", "128k tokens", "200k tokens", "1M tokens"),
    "Self-hosting": ("Yes", "No", "Yes, with a licence key", "Yes, the core; not the dashboard"),
    "Written in": ("Python", "Rust", "Go", "TypeScript", "C++", "Java", "Not stated"),
    "Sign-in": ("None", "Passwords", "SAML and OIDC", "OIDC in the paid plans"),
    "Platforms": ("Linux", "Linux, macOS", "Linux, macOS, Windows", "Browser", "Browser, iOS, Android"),
    "API": ("REST", "REST and gRPC", "OpenAI-compatible", "None"),
    "Needs a GPU": ("No", "Yes, 8 GB", "Yes, 24 GB", "Helps, not needed"),
    "Data leaves the building": (
        "Never",
        "Always",
        "Telemetry only, can be switched off",
        "Only for the hosted models",
    ),
    "Where you use it": ("Terminal", "Editor", "Browser", "Editor and terminal", "Slack and e-mail"),
    "Maker": ("A company of twelve", "A university lab", "One maintainer", "A listed company", "A foundation"),
    "Offline": ("Yes", "No", "After the first download"),
}
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
    "a restart lost the index and nobody had written that down", "it was confident, quick and wrong about dates",
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
