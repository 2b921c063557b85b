"""A payment may be taken back in parts: what comes after the first names the credit, and all are no more than it."""

from django.db import migrations

IN_PARTS = r"""
CREATE OR REPLACE FUNCTION topups_chargeback_has_its_credit() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM wallet_entry credit
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE part.reference = credit.reference) AS firsts, sum(part.cents) AS cents FROM (
            SELECT reference, -amount_cents AS cents FROM wallet_entry
            WHERE kind = 'chargeback' AND wallet_id = NEW.wallet_id
          UNION ALL
            SELECT reference, amount_cents FROM wallet_debt WHERE wallet_id = NEW.wallet_id) part
        WHERE part.reference = credit.reference OR starts_with(part.reference, credit.reference || ':')) back
    WHERE credit.kind = 'top_up' AND credit.wallet_id = NEW.wallet_id
      AND credit.counter_account = NEW.counter_account AND back.cents <= credit.amount_cents
      AND CASE WHEN NEW.reverses_id IS NULL
               THEN credit.reference = substring(NEW.reference FROM '^(topup:[^:]+):\d+$') AND back.firsts > 0
               ELSE credit.id = NEW.reverses_id AND credit.reference = NEW.reference END;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'entry %: it takes no credited payment back', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
"""
AS_A_WHOLE = r"""
CREATE OR REPLACE FUNCTION topups_chargeback_has_its_credit() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM wallet_entry credit
    WHERE credit.id = NEW.reverses_id AND credit.kind = 'top_up' AND credit.reference = NEW.reference
      AND credit.counter_account = NEW.counter_account;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'entry %: it takes no credited payment back', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("topups", "0005_payout_guard"), ("wallet", "0008_lost_in_parts")]
    operations = [migrations.RunSQL(IN_PARTS, AS_A_WHOLE)]
