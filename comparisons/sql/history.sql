-- Comparisons that were public are never deleted (tools/sql/history.sql).

CREATE OR REPLACE TRIGGER refuse_deleting_public BEFORE DELETE ON comparisons_comparison
    FOR EACH ROW WHEN (NOT is_maintenance())
    EXECUTE FUNCTION refuse_deleting_public('comparisons_historicalcomparison');
