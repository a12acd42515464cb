"""Two things the database sees to itself, so that no way of writing can forget them.

1. `tools_contentrevision` counts every change of editorial content (`bump_content_revision`).
2. A renamed slug goes on working, and nobody else can take it (`keep_former_slug`).
"""

from django.db import migrations

BUMP = """
INSERT INTO tools_contentrevision (id, number) VALUES (1, 0);

CREATE FUNCTION bump_content_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- The row stays locked until the writer commits: a page sees the new number together with the new content.
    INSERT INTO tools_contentrevision (id, number) VALUES (1, 1)
    ON CONFLICT (id) DO UPDATE SET number = tools_contentrevision.number + 1;
    RETURN NULL;
END $$;
"""

FORMER = """
CREATE FUNCTION keep_former_slug() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM tools_formerslug
        WHERE "table" = TG_TABLE_NAME AND slug = NEW.slug AND object_id <> NEW.id
    ) THEN
        RAISE unique_violation USING
            MESSAGE = format('the slug "%s" redirects to another row of %s, which had it before', NEW.slug, TG_TABLE_NAME),
            CONSTRAINT = 'tools_formerslug_once';
    END IF;
    IF TG_OP = 'UPDATE' THEN
        DELETE FROM tools_formerslug WHERE "table" = TG_TABLE_NAME AND slug = NEW.slug;
        INSERT INTO tools_formerslug ("table", slug, object_id) VALUES (TG_TABLE_NAME, OLD.slug, OLD.id);
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION drop_former_slugs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM tools_formerslug WHERE "table" = TG_TABLE_NAME AND object_id = OLD.id;
    RETURN NULL;
END $$;
"""


def bump_on(table):
    return migrations.RunSQL(
        f"CREATE TRIGGER bump_content_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION bump_content_revision()",
        f"DROP TRIGGER bump_content_revision ON {table}",
    )


def former_slugs_on(table):
    return migrations.RunSQL(
        f"""
        CREATE TRIGGER refuse_former_slug BEFORE INSERT ON {table}
            FOR EACH ROW EXECUTE FUNCTION keep_former_slug();
        CREATE TRIGGER keep_former_slug BEFORE UPDATE OF slug ON {table}
            FOR EACH ROW WHEN (OLD.slug <> NEW.slug) EXECUTE FUNCTION keep_former_slug();
        CREATE TRIGGER drop_former_slugs AFTER DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION drop_former_slugs();
        """,
        f"""
        DROP TRIGGER refuse_former_slug ON {table};
        DROP TRIGGER keep_former_slug ON {table};
        DROP TRIGGER drop_former_slugs ON {table};
        """,
    )


class Migration(migrations.Migration):
    dependencies = [("tools", "0001_initial")]

    operations = [
        migrations.RunSQL(BUMP, "DROP FUNCTION bump_content_revision()"),
        migrations.RunSQL(FORMER, "DROP FUNCTION keep_former_slug(); DROP FUNCTION drop_former_slugs()"),
        *[
            bump_on(table)
            for table in (
                "tools_category",
                "tools_tool",
                "tools_plan",
                "tools_attribute",
                "tools_attribute_categories",
                "tools_fact",
            )
        ],
        former_slugs_on("tools_category"),
        former_slugs_on("tools_tool"),
    ]
