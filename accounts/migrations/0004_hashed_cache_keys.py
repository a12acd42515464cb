"""Keys of the cache were names with addresses in them. They are hashed now; what stands there is found no more."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_cache_table")]
    operations = [migrations.RunSQL("TRUNCATE accounts_cache", migrations.RunSQL.noop)]
