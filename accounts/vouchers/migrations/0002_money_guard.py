"""A redeemed voucher has its credit and each such credit its voucher, at each commit; what is redeemed stays so."""

from django.db import migrations

GUARD = r"""
CREATE FUNCTION vouchers_credit_agrees() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    voucher bigint;
    told text;
BEGIN
    IF TG_TABLE_NAME = 'vouchers_voucher' THEN
        voucher := NEW.id;
    ELSE
        told := NEW.reference;
        voucher := substring(told FROM '^voucher:(\d{1,18})$')::bigint;
    END IF;
    PERFORM FROM vouchers_voucher v
    JOIN vouchers_voucherbatch b ON b.id = v.batch_id
    JOIN wallet_entry e ON e.kind = 'voucher' AND e.reference = 'voucher:' || v.id
    WHERE v.id = voucher AND e.wallet_id = v.redeemed_by_id AND e.amount_cents = b.value_cents
      AND e.counter_account = 'voucher'
      AND (told IS NULL OR told = e.reference);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'voucher %: it does not agree with a credit of its value to who redeemed it', voucher
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER has_its_credit AFTER INSERT OR UPDATE OF redeemed_by_id ON vouchers_voucher
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.redeemed_by_id IS NOT NULL)
    EXECUTE FUNCTION vouchers_credit_agrees();
CREATE CONSTRAINT TRIGGER belongs_to_a_voucher AFTER INSERT ON wallet_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.kind = 'voucher')
    EXECUTE FUNCTION vouchers_credit_agrees();

CREATE FUNCTION vouchers_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% %: %', TG_TABLE_NAME, OLD.id, TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER never_goes BEFORE DELETE ON vouchers_voucher
    FOR EACH ROW EXECUTE FUNCTION vouchers_refuse('vouchers are kept');
CREATE TRIGGER stays_used BEFORE UPDATE ON vouchers_voucher FOR EACH ROW
    WHEN (OLD.redeemed_by_id IS NOT NULL OR OLD.void_at IS NOT NULL)
    EXECUTE FUNCTION vouchers_refuse('what is redeemed or void stays so');
CREATE TRIGGER keeps_its_value BEFORE UPDATE ON vouchers_voucherbatch FOR EACH ROW
    WHEN (NEW.value_cents <> OLD.value_cents)
    EXECUTE FUNCTION vouchers_refuse('what its codes are worth never changes');
"""
UNGUARD = """
DROP TRIGGER keeps_its_value ON vouchers_voucherbatch;
DROP TRIGGER stays_used ON vouchers_voucher;
DROP TRIGGER never_goes ON vouchers_voucher;
DROP FUNCTION vouchers_refuse();
DROP TRIGGER belongs_to_a_voucher ON wallet_entry;
DROP TRIGGER has_its_credit ON vouchers_voucher;
DROP FUNCTION vouchers_credit_agrees();
"""


class Migration(migrations.Migration):
    dependencies = [("vouchers", "0001_first"), ("wallet", "0007_more_kinds")]
    operations = [migrations.RunSQL(GUARD, UNGUARD)]
