"""A debt is of a payment that came in, and what is repaid of it stands in the ledger, at each commit."""

from django.db import migrations

GUARD = r"""
ALTER TABLE wallet_entry ADD CONSTRAINT entry_chargeback_and_repayment_take
    CHECK (kind NOT IN ('chargeback', 'repayment') OR amount_cents < 0);

CREATE FUNCTION wallet_debt_agrees() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    debt bigint;
BEGIN
    IF TG_TABLE_NAME = 'wallet_debt' THEN
        debt := NEW.id;
    ELSE
        debt := substring(NEW.reference FROM '^debt:(\d{1,18}):')::bigint;
    END IF;
    PERFORM FROM wallet_debt d
    JOIN wallet_entry credit
        ON credit.kind = 'top_up' AND credit.reference = d.reference AND credit.wallet_id = d.wallet_id
    LEFT JOIN wallet_entry taken ON taken.kind = 'chargeback' AND taken.reference = d.reference
    WHERE d.id = debt AND d.wallet_id = NEW.wallet_id
      AND d.amount_cents - coalesce(taken.amount_cents, 0) <= credit.amount_cents
      AND d.repaid_cents = (
          SELECT coalesce(-sum(paid.amount_cents), 0) FROM wallet_entry paid
          WHERE paid.kind = 'repayment' AND paid.wallet_id = d.wallet_id
            AND starts_with(paid.reference, 'debt:' || d.id || ':'));
    IF NOT FOUND THEN
        RAISE EXCEPTION 'debt %: it does not agree with its payment and what is repaid', debt
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER agrees AFTER INSERT OR UPDATE ON wallet_debt
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wallet_debt_agrees();
CREATE CONSTRAINT TRIGGER repays_a_debt AFTER INSERT ON wallet_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.kind = 'repayment') EXECUTE FUNCTION wallet_debt_agrees();
"""
UNGUARD = """
DROP TRIGGER repays_a_debt ON wallet_entry;
DROP TRIGGER agrees ON wallet_debt;
DROP FUNCTION wallet_debt_agrees();
ALTER TABLE wallet_entry DROP CONSTRAINT entry_chargeback_and_repayment_take;
"""


class Migration(migrations.Migration):
    dependencies = [("wallet", "0005_debts")]
    operations = [migrations.RunSQL(GUARD, UNGUARD)]
