"""A credit is of a payment that stands on its top-up, and a credited top-up has its entry, at each commit."""

from django.db import migrations

GUARD = r"""
CREATE FUNCTION topups_credit_has_its_payment() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM topups_topup t
    WHERE 'topup:' || t.id = NEW.reference AND t.user_id = NEW.wallet_id AND t.credited_cents = NEW.amount_cents
      AND NEW.counter_account = 'gateway:' || t.gateway;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'entry %: no credited payment of this customer has this amount', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER credit_has_its_payment AFTER INSERT ON wallet_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.kind = 'top_up')
    EXECUTE FUNCTION topups_credit_has_its_payment();

CREATE FUNCTION topups_payment_has_its_credit() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM wallet_entry e
    WHERE e.kind = 'top_up' AND e.reference = 'topup:' || NEW.id AND e.wallet_id = NEW.user_id
      AND e.amount_cents = NEW.credited_cents;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'top-up %: it is credited, and its customer has no entry of this amount', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER payment_has_its_credit AFTER INSERT OR UPDATE OF credited_cents, user_id ON topups_topup
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.credited_cents > 0)
    EXECUTE FUNCTION topups_payment_has_its_credit();

CREATE FUNCTION topups_payment_stays() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'top-up %: a credited payment stays as it was', NEW.id
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER payment_stays BEFORE UPDATE ON topups_topup
    FOR EACH ROW WHEN (OLD.credited_cents > 0 AND
        (OLD.id, OLD.user_id, OLD.gateway, OLD.payment_ref, OLD.captured, OLD.captured_currency, OLD.credited_cents)
        IS DISTINCT FROM
        (NEW.id, NEW.user_id, NEW.gateway, NEW.payment_ref, NEW.captured, NEW.captured_currency, NEW.credited_cents))
    EXECUTE FUNCTION topups_payment_stays();
"""
UNGUARD = """
DROP TRIGGER payment_stays ON topups_topup;
DROP FUNCTION topups_payment_stays();
DROP TRIGGER payment_has_its_credit ON topups_topup;
DROP FUNCTION topups_payment_has_its_credit();
DROP TRIGGER credit_has_its_payment ON wallet_entry;
DROP FUNCTION topups_credit_has_its_payment();
"""


class Migration(migrations.Migration):
    dependencies = [("topups", "0003_payments_once"), ("wallet", "0007_more_kinds")]
    operations = [migrations.RunSQL(GUARD, UNGUARD)]
