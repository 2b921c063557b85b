from django.db import migrations

GUARD = """
CREATE FUNCTION wallet_entry_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ledger entries are only ever added' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON wallet_entry
    FOR EACH ROW EXECUTE FUNCTION wallet_entry_append_only();
CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON wallet_entry
    FOR EACH STATEMENT EXECUTE FUNCTION wallet_entry_append_only();
"""
UNGUARD = """
DROP TRIGGER append_only ON wallet_entry;
DROP TRIGGER append_only_whole ON wallet_entry;
DROP FUNCTION wallet_entry_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("wallet", "0001_initial")]
    operations = [migrations.RunSQL(GUARD, UNGUARD)]
