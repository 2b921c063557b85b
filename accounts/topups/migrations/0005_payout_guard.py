"""What goes back to where it came from left the wallet, and what failed came back, at each commit.

A pay-back moves only on: to be sent, on its way, done; and a failure, which gives the money back, is its end.
"""

from django.db import migrations

GUARD = r"""
-- Ids are kept by the collation C; by another one than its index's an entry's reference is not found fast.
CREATE FUNCTION topups_payout_agrees() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    payout text;
    told text;
BEGIN
    IF TG_TABLE_NAME = 'topups_payout' THEN
        payout := NEW.id;
    ELSE
        told := NEW.reference;
        payout := split_part(told, ':', 3);
    END IF;
    PERFORM FROM topups_payout p
    JOIN topups_topup t ON t.id = p.top_up_id
    JOIN wallet_entry taken
        ON taken.kind = 'payout' AND taken.reference = ('topup:' || t.id || ':' || p.id) COLLATE "default"
    LEFT JOIN wallet_entry back ON back.kind = 'payout_return' AND back.reference = taken.reference
    WHERE p.id = payout AND taken.wallet_id = t.user_id AND taken.amount_cents = -p.amount_cents
      AND taken.counter_account = 'gateway:' || t.gateway
      AND (told IS NULL OR told = taken.reference)
      AND CASE WHEN p.state = 'failed'
               THEN back.reverses_id = taken.id AND back.amount_cents = p.amount_cents
                    AND back.counter_account = taken.counter_account
               ELSE back.id IS NULL END
      AND t.refunded_cents = (SELECT coalesce(sum(each.amount_cents), 0) FROM topups_payout each
                              WHERE each.top_up_id = t.id AND each.state <> 'failed');
    IF NOT FOUND THEN
        RAISE EXCEPTION 'pay-back %: it does not agree with its top-up and what left the wallet', payout
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER agrees AFTER INSERT OR UPDATE OF state ON topups_payout
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION topups_payout_agrees();
CREATE CONSTRAINT TRIGGER belongs_to_a_payout AFTER INSERT ON wallet_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.kind IN ('payout', 'payout_return'))
    EXECUTE FUNCTION topups_payout_agrees();

CREATE FUNCTION topups_chargeback_has_its_credit() RETURNS trigger LANGUAGE plpgsql
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
CREATE CONSTRAINT TRIGGER takes_a_payment_back AFTER INSERT ON wallet_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.kind = 'chargeback')
    EXECUTE FUNCTION topups_chargeback_has_its_credit();

CREATE FUNCTION topups_refunded_is_paid_back() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM topups_topup t
    WHERE t.id = NEW.id AND t.refunded_cents <> (
        SELECT coalesce(sum(p.amount_cents), 0) FROM topups_payout p WHERE p.top_up_id = t.id AND p.state <> 'failed');
    IF FOUND THEN
        RAISE EXCEPTION 'top-up %: what was refunded is not the sum of its pay-backs', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER refunded_is_paid_back AFTER UPDATE ON topups_topup
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.refunded_cents <> OLD.refunded_cents)
    EXECUTE FUNCTION topups_refunded_is_paid_back();
CREATE CONSTRAINT TRIGGER begins_with_nothing_refunded AFTER INSERT ON topups_topup
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.refunded_cents <> 0)
    EXECUTE FUNCTION topups_refunded_is_paid_back();

CREATE FUNCTION topups_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% %: %', TG_TABLE_NAME, OLD.id, TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER never_goes BEFORE DELETE ON topups_topup
    FOR EACH ROW EXECUTE FUNCTION topups_refuse('top-ups are kept');
CREATE TRIGGER never_goes BEFORE DELETE ON topups_payout
    FOR EACH ROW EXECUTE FUNCTION topups_refuse('pay-backs are kept');
CREATE TRIGGER stays_as_made BEFORE UPDATE ON topups_payout FOR EACH ROW
    WHEN ((OLD.id, OLD.top_up_id, OLD.amount_cents, OLD.amount, OLD.reason, OLD.actor, OLD.created_at)
          IS DISTINCT FROM
          (NEW.id, NEW.top_up_id, NEW.amount_cents, NEW.amount, NEW.reason, NEW.actor, NEW.created_at))
    EXECUTE FUNCTION topups_refuse('what goes back, and who asked for it, never changes');
CREATE TRIGGER moves_on BEFORE UPDATE ON topups_payout FOR EACH ROW
    WHEN (NEW.state <> OLD.state AND (OLD.state = 'failed' OR NEW.state = 'created'
          OR (OLD.state, NEW.state) = ('done', 'pending')))
    EXECUTE FUNCTION topups_refuse('there is no such move');
CREATE TRIGGER stays_settled BEFORE UPDATE ON topups_review FOR EACH ROW WHEN (OLD.settled_at IS NOT NULL)
    EXECUTE FUNCTION topups_refuse('it is settled');
CREATE TRIGGER never_goes BEFORE DELETE ON topups_review
    FOR EACH ROW EXECUTE FUNCTION topups_refuse('findings are kept');
CREATE TRIGGER never_moves BEFORE UPDATE OR DELETE ON topups_chainaddress
    FOR EACH ROW EXECUTE FUNCTION topups_refuse('an address belongs to one top-up for ever');
"""
UNGUARD = """
DROP TRIGGER never_moves ON topups_chainaddress;
DROP TRIGGER never_goes ON topups_review;
DROP TRIGGER stays_settled ON topups_review;
DROP TRIGGER moves_on ON topups_payout;
DROP TRIGGER stays_as_made ON topups_payout;
DROP TRIGGER never_goes ON topups_payout;
DROP TRIGGER never_goes ON topups_topup;
DROP FUNCTION topups_refuse();
DROP TRIGGER begins_with_nothing_refunded ON topups_topup;
DROP TRIGGER refunded_is_paid_back ON topups_topup;
DROP FUNCTION topups_refunded_is_paid_back();
DROP TRIGGER takes_a_payment_back ON wallet_entry;
DROP FUNCTION topups_chargeback_has_its_credit();
DROP TRIGGER belongs_to_a_payout ON wallet_entry;
DROP TRIGGER agrees ON topups_payout;
DROP FUNCTION topups_payout_agrees();
"""


class Migration(migrations.Migration):
    dependencies = [("topups", "0004_money_guard")]
    operations = [migrations.RunSQL(GUARD, UNGUARD)]
