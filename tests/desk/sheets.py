"""Helpers for tests of sheets: making files, and importing and exporting them at the desk."""

import csv
import io
from typing import Any

from django.test import Client
from openpyxl import Workbook

from tests.desk.uploading import PUBLISHES, SEES, client_with, import_now, upload, visible_text
from tools.models import Attribute, Fact, Plan, Tool

TOOLS, PLANS, FACTS, ATTRIBUTES = (f"/admin/tools/{model}/" for model in ("tool", "plan", "fact", "attribute"))
PLAN = ["tool", "name", "kind", "amount", "currency", "period", "unit", "source", "verified_on"]


def make_csv(*rows: list[Any], delimiter: str = ",") -> bytes:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter).writerows(rows)
    return stream.getvalue().encode()


def make_xlsx(*rows: list[Any]) -> bytes:
    workbook = Workbook()
    for row in rows:
        workbook.active.append(row)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def dry_run(address: str, content: bytes, *, client: Client | None = None):
    return upload(client or client_with(*PUBLISHES), f"{address}import/", content, "sheet")


def import_sheet(address: str, content: bytes):
    client = client_with(*PUBLISHES)
    shown = dry_run(address, content, client=client)
    assert "report" in shown.context, visible_text(shown)
    response = import_now(client, f"{address}import/", shown)
    assert (response.status_code, response["Location"]) == (303, address)
    return shown.context["report"]


def find_problems(address: str, content: bytes) -> list[tuple[str, str]]:
    before = [list(model.objects.values()) for model in (Tool, Plan, Fact, Attribute)]
    found = dry_run(address, content).context["problems"].problems
    assert [list(model.objects.values()) for model in (Tool, Plan, Fact, Attribute)] == before
    return found


def export(address: str, format_name: str, client: Client | None = None) -> bytes:
    client = client or client_with(*SEES, name="reader")
    response = client.post(f"{address}export/", {"format": format_name})
    assert response.status_code == 200, response.status_code
    assert response["Content-Disposition"].endswith(f'.{format_name}"')
    return response.content
