-- Made-up votes of a demonstration (docs/decisions/0026-made-up-votes.md). Every page says so while there are any, so when
-- some appear or go, however that happens, the content revision is raised (tools/sql/revision.sql). These triggers come
-- before those of the tallies in the order of their names, as that revision comes before the tallies in the order of locks.

-- Return whether a visitor is one of those whose votes are made up. votes/made_up.py has the same range.
CREATE OR REPLACE FUNCTION is_made_up(visitor uuid) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN visitor BETWEEN '64656d6f-0000-8000-8000-000000000000' AND '64656d6f-0000-8000-8000-ffffffffffff';

CREATE OR REPLACE FUNCTION made_up_votes_raise_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM changed_votes WHERE is_made_up(visitor)) THEN
        PERFORM raise_content_revision();
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER made_up_votes_insert AFTER INSERT ON votes_vote
    REFERENCING NEW TABLE AS changed_votes FOR EACH STATEMENT EXECUTE FUNCTION made_up_votes_raise_revision();
CREATE OR REPLACE TRIGGER made_up_votes_update AFTER UPDATE OF visitor ON votes_vote
    FOR EACH STATEMENT EXECUTE FUNCTION bump_content_revision();
CREATE OR REPLACE TRIGGER made_up_votes_delete AFTER DELETE ON votes_vote
    REFERENCING OLD TABLE AS changed_votes FOR EACH STATEMENT EXECUTE FUNCTION made_up_votes_raise_revision();
CREATE OR REPLACE TRIGGER made_up_votes_truncate AFTER TRUNCATE ON votes_vote
    FOR EACH STATEMENT EXECUTE FUNCTION bump_content_revision();

CREATE OR REPLACE TRIGGER made_up_votes_insert AFTER INSERT ON votes_pairvote
    REFERENCING NEW TABLE AS changed_votes FOR EACH STATEMENT EXECUTE FUNCTION made_up_votes_raise_revision();
CREATE OR REPLACE TRIGGER made_up_votes_update AFTER UPDATE OF visitor ON votes_pairvote
    FOR EACH STATEMENT EXECUTE FUNCTION bump_content_revision();
CREATE OR REPLACE TRIGGER made_up_votes_delete AFTER DELETE ON votes_pairvote
    REFERENCING OLD TABLE AS changed_votes FOR EACH STATEMENT EXECUTE FUNCTION made_up_votes_raise_revision();
CREATE OR REPLACE TRIGGER made_up_votes_truncate AFTER TRUNCATE ON votes_pairvote
    FOR EACH STATEMENT EXECUTE FUNCTION bump_content_revision();
