"""A share is that of a completed order, and it and what was taken back of it stand in the ledger, at each commit."""

from django.db import migrations

GUARD = r"""
-- Each taking is named by what was taken before it, so all of them are found one after the other by their names.
-- Ids are kept by the collation C; by another one than its index's an entry's reference is not found fast.
CREATE FUNCTION referrals_earning_agrees() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    earned text;
    told text;
BEGIN
    IF TG_TABLE_NAME = 'referrals_earning' THEN
        earned := NEW.order_id;
    ELSE
        told := NEW.kind || ' ' || NEW.reference;
        earned := split_part(told, ':', 2);
    END IF;
    PERFORM FROM referrals_earning s
    JOIN referrals_invitation i ON i.id = s.invitation_id
    JOIN orders_order o ON o.id = s.order_id AND o.user_id = i.invitee_id AND o.status = 'COMPLETED'
    JOIN wallet_entry share
        ON share.kind = 'referral' AND share.reference = ('order:' || s.order_id) COLLATE "default"
    CROSS JOIN LATERAL (
        WITH RECURSIVE taken (cents, name) AS (
            SELECT 0::bigint, ''
          UNION ALL
            SELECT taken.cents - back.amount_cents, 'referral_back ' || back.reference
            FROM taken JOIN wallet_entry back
                ON back.kind = 'referral_back'
                AND back.reference = ('order:' || s.order_id || ':' || taken.cents) COLLATE "default"
            WHERE back.wallet_id = i.inviter_id AND back.counter_account = 'referral')
        SELECT max(cents) AS cents, array_agg(name) AS named FROM taken) back
    WHERE s.order_id = earned AND share.wallet_id = i.inviter_id AND share.counter_account = 'referral'
      AND share.amount_cents = s.cents AND s.cents = div(o.charged_cents * s.percent, 100) AND s.percent <= 50
      AND s.reversed_cents = back.cents
      AND (told IS NULL OR told = 'referral ' || share.reference OR told = ANY (back.named))
      AND (s.reversed_at IS NULL OR EXISTS (
          SELECT FROM wallet_entry price WHERE price.kind = 'adjustment' AND price.reference = share.reference));
    IF NOT FOUND THEN
        RAISE EXCEPTION 'share of order %: it does not agree with its order and the ledger', earned
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER agrees AFTER INSERT OR UPDATE ON referrals_earning
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION referrals_earning_agrees();
CREATE CONSTRAINT TRIGGER belongs_to_a_share AFTER INSERT ON wallet_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.kind IN ('referral', 'referral_back'))
    EXECUTE FUNCTION referrals_earning_agrees();
"""
UNGUARD = """
DROP TRIGGER belongs_to_a_share ON wallet_entry;
DROP TRIGGER agrees ON referrals_earning;
DROP FUNCTION referrals_earning_agrees();
"""


class Migration(migrations.Migration):
    dependencies = [("referrals", "0002_kept"), ("orders", "0002_money_guard"), ("wallet", "0007_more_kinds")]
    operations = [migrations.RunSQL(GUARD, UNGUARD)]
