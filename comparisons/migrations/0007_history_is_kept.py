"""Comparisons that were public are not deleted; history begins with what stands."""

from importlib import import_module

from django.db import migrations

begin_history = import_module("tools.migrations.0007_history_is_kept").begin_history


class Migration(migrations.Migration):
    dependencies = [("comparisons", "0006_history"), ("tools", "0007_history_is_kept")]

    operations = [
        migrations.RunSQL(
            "CREATE TRIGGER refuse_deleting_public BEFORE DELETE ON comparisons_comparison FOR EACH ROW "
            "WHEN (NOT is_maintenance()) EXECUTE FUNCTION refuse_deleting_public('comparisons_historicalcomparison')",
            "DROP TRIGGER refuse_deleting_public ON comparisons_comparison",
        ),
        begin_history("comparisons_comparison", "comparisons_historicalcomparison"),
    ]
