-- The log of moderators' decisions is append-only.
CREATE OR REPLACE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'What was decided stays in the log.' USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE OR REPLACE TRIGGER refuse_rewriting BEFORE UPDATE OR DELETE ON votes_decision
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
