from django.db import migrations

import accounts.models
from accounts.groups import apply_groups


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        # Whose permissions the groups are given.
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("tools", "0007_history_is_kept"),
        ("reviews", "0007_history"),
        ("votes", "0008_pair_votes_follow"),
        ("comparisons", "0006_history"),
        ("newsletter", "0004_delivery"),
    ]

    operations = [
        migrations.AlterModelManagers(name="user", managers=[("objects", accounts.models.UserManager())]),
        migrations.RunSQL("UPDATE accounts_user SET email = lower(email)", migrations.RunSQL.noop),
        migrations.RunPython(apply_groups, migrations.RunPython.noop),
    ]
