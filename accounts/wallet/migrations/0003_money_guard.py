"""Wallet and entries agree at each commit, whoever writes them and whatever the entry's kind is.

The checks wait for the commit, so that balance and entry may be written in either order. `search_path` is fixed and
ends with pg_temp: nobody can put a temporary table in the place of ours.
"""

from django.db import migrations

GUARD = r"""
ALTER TABLE wallet_entry
    ADD CONSTRAINT entry_adjustment_explained
        CHECK (kind <> 'adjustment' OR (reason ~ '\S' AND actor ~ '\S')),
    ADD CONSTRAINT entry_sales_are_charges_and_refunds
        CHECK ((counter_account = 'sales') = (kind IN ('charge', 'refund'))),
    ADD CONSTRAINT entry_refund_reverses
        CHECK (kind <> 'refund' OR reverses_id IS NOT NULL);

CREATE FUNCTION wallet_holds_its_newest_balance() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM wallet_wallet w
    WHERE w.user_id = NEW.user_id AND w.balance_cents <> coalesce(
        (SELECT e.balance_after FROM wallet_entry e WHERE e.wallet_id = w.user_id ORDER BY e.id DESC LIMIT 1), 0);
    IF FOUND THEN
        RAISE EXCEPTION 'wallet %: its balance is not that of its newest entry', NEW.user_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER holds_its_newest_balance AFTER INSERT OR UPDATE OF balance_cents ON wallet_wallet
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wallet_holds_its_newest_balance();

-- Under the wallet's lock, and where each statement sees what others committed meanwhile: a neighbour is never missed.
CREATE FUNCTION wallet_entry_continues_the_last() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    held bigint;
    starts_at bigint;
    goes_on_from bigint;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'ledger entries are added in READ COMMITTED only'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT w.balance_cents INTO held FROM wallet_wallet w WHERE w.user_id = NEW.wallet_id FOR NO KEY UPDATE;
    SELECT coalesce((SELECT e.balance_after FROM wallet_entry e
                     WHERE e.wallet_id = NEW.wallet_id AND e.id < NEW.id ORDER BY e.id DESC LIMIT 1), 0),
           coalesce((SELECT e.balance_after - e.amount_cents FROM wallet_entry e
                     WHERE e.wallet_id = NEW.wallet_id AND e.id > NEW.id ORDER BY e.id LIMIT 1), held)
    INTO starts_at, goes_on_from;
    IF NEW.balance_after IS DISTINCT FROM starts_at + NEW.amount_cents
       OR NEW.balance_after IS DISTINCT FROM goes_on_from THEN
        RAISE EXCEPTION 'entry %: it moves % cents from % to %, and % is what follows',
            NEW.id, NEW.amount_cents, starts_at, NEW.balance_after, goes_on_from
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER continues_the_last AFTER INSERT ON wallet_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wallet_entry_continues_the_last();

CREATE FUNCTION wallet_entry_reverses_fairly() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM wallet_entry e
    WHERE e.id = NEW.reverses_id AND e.wallet_id = NEW.wallet_id AND (e.kind = 'charge') = (NEW.kind = 'refund')
      AND sign(e.amount_cents) = -sign(NEW.amount_cents) AND abs(e.amount_cents) >= abs(NEW.amount_cents);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'entry %: it reverses an entry of another wallet or kind, or more than was moved', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER reverses_fairly BEFORE INSERT ON wallet_entry
    FOR EACH ROW WHEN (NEW.reverses_id IS NOT NULL) EXECUTE FUNCTION wallet_entry_reverses_fairly();
"""
UNGUARD = """
DROP TRIGGER reverses_fairly ON wallet_entry;
DROP FUNCTION wallet_entry_reverses_fairly();
DROP TRIGGER continues_the_last ON wallet_entry;
DROP FUNCTION wallet_entry_continues_the_last();
DROP TRIGGER holds_its_newest_balance ON wallet_wallet;
DROP FUNCTION wallet_holds_its_newest_balance();
ALTER TABLE wallet_entry
    DROP CONSTRAINT entry_adjustment_explained,
    DROP CONSTRAINT entry_sales_are_charges_and_refunds,
    DROP CONSTRAINT entry_refund_reverses;
"""


class Migration(migrations.Migration):
    dependencies = [("wallet", "0002_append_only")]
    operations = [migrations.RunSQL(GUARD, UNGUARD)]
