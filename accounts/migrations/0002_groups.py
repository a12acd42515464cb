from django.db import migrations

from accounts.groups import apply_groups


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        # The groups' permissions are on models of these.
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("tools", "0001_initial"),
        ("reviews", "0001_initial"),
        ("votes", "0001_initial"),
        ("comparisons", "0001_initial"),
        ("newsletter", "0001_initial"),
    ]

    operations = [migrations.RunPython(apply_groups, migrations.RunPython.noop)]
