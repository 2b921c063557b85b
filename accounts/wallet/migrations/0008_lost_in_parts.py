"""A payment may be taken back in parts: the debts and takings of all of them are no more than its credit."""

from django.db import migrations

AGREES = r"""
CREATE OR REPLACE FUNCTION wallet_debt_agrees() RETURNS trigger LANGUAGE plpgsql
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
        ON credit.kind = 'top_up' AND credit.reference = %s AND credit.wallet_id = d.wallet_id
    %s
    WHERE d.id = debt AND d.wallet_id = NEW.wallet_id
      AND %s <= credit.amount_cents
      AND d.repaid_cents = (
          SELECT coalesce(-sum(paid.amount_cents), 0) FROM wallet_entry paid
          WHERE paid.kind = 'repayment' AND paid.wallet_id = d.wallet_id
            AND starts_with(paid.reference, 'debt:' || d.id || ':'));
    IF NOT FOUND THEN
        RAISE EXCEPTION 'debt %%: it does not agree with its payment and what is repaid', debt
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
"""
PARTS = r"""CROSS JOIN LATERAL (
        SELECT sum(part.cents) AS cents FROM (
            SELECT reference, -amount_cents AS cents FROM wallet_entry
            WHERE kind = 'chargeback' AND wallet_id = d.wallet_id
          UNION ALL
            SELECT reference, amount_cents FROM wallet_debt WHERE wallet_id = d.wallet_id) part
        WHERE part.reference = credit.reference OR starts_with(part.reference, credit.reference || ':')) back"""
WHOLE = r"LEFT JOIN wallet_entry taken ON taken.kind = 'chargeback' AND taken.reference = d.reference"
IN_PARTS = AGREES % (r"substring(d.reference FROM '^topup:[^:]+')", PARTS, "back.cents")
AS_A_WHOLE = AGREES % ("d.reference", WHOLE, "d.amount_cents - coalesce(taken.amount_cents, 0)")


class Migration(migrations.Migration):
    dependencies = [("wallet", "0007_more_kinds")]
    operations = [migrations.RunSQL(IN_PARTS, AS_A_WHOLE)]
