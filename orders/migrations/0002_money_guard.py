"""At each commit an order has its one charge, and one refund where it says so; what was sold stays as it was sold.

That refunded_cents goes with FAILED and CANCELLED, and with these alone, is the table's own CHECK.
"""

from django.db import migrations

GUARD = """
CREATE FUNCTION orders_order_is_paid_for() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    cause text;
BEGIN
    IF TG_TABLE_NAME = 'orders_order' THEN
        cause := 'order:' || NEW.id;
    ELSE
        cause := NEW.reference;
    END IF;
    PERFORM FROM orders_order o
    JOIN wallet_entry charge ON charge.kind = 'charge' AND charge.reference = cause
    LEFT JOIN wallet_entry refund ON refund.kind = 'refund' AND refund.reference = cause
    WHERE o.id = substr(cause, 7) AND cause = 'order:' || o.id
      AND charge.wallet_id = o.user_id AND charge.amount_cents = -o.charged_cents
      AND CASE WHEN o.refunded_cents = 0 THEN refund.id IS NULL
               ELSE refund.reverses_id = charge.id AND refund.amount_cents = o.refunded_cents END;
    IF NOT FOUND THEN
        RAISE EXCEPTION '%: the order does not agree with its charge and refund', cause
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER is_paid_for AFTER INSERT ON orders_order
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION orders_order_is_paid_for();
CREATE CONSTRAINT TRIGGER is_refunded AFTER UPDATE ON orders_order
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.refunded_cents <> OLD.refunded_cents) EXECUTE FUNCTION orders_order_is_paid_for();
CREATE CONSTRAINT TRIGGER belongs_to_an_order AFTER INSERT ON wallet_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.kind IN ('charge', 'refund')) EXECUTE FUNCTION orders_order_is_paid_for();

CREATE FUNCTION orders_order_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'order %: %', OLD.id, TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER never_goes BEFORE DELETE ON orders_order
    FOR EACH ROW EXECUTE FUNCTION orders_order_refuse('orders are kept');
CREATE TRIGGER stays_as_sold BEFORE UPDATE ON orders_order FOR EACH ROW
    WHEN ((OLD.id, OLD.user_id, OLD.charged_cents, OLD.created_at)
              IS DISTINCT FROM (NEW.id, NEW.user_id, NEW.charged_cents, NEW.created_at)
          OR OLD.activation_id IS NOT NULL
              AND (OLD.provider_id, OLD.activation_id) IS DISTINCT FROM (NEW.provider_id, NEW.activation_id))
    EXECUTE FUNCTION orders_order_refuse('its customer, price, time and number never change');
CREATE TRIGGER moves_legally BEFORE UPDATE ON orders_order FOR EACH ROW
    WHEN (NEW.status <> OLD.status AND OLD.status <> 'WAITING'
          AND NOT (OLD.status = 'RECEIVED' AND NEW.status IN ('WAITING', 'COMPLETED')))
    EXECUTE FUNCTION orders_order_refuse('there is no such move');
"""
UNGUARD = """
DROP TRIGGER moves_legally ON orders_order;
DROP TRIGGER stays_as_sold ON orders_order;
DROP TRIGGER never_goes ON orders_order;
DROP FUNCTION orders_order_refuse();
DROP TRIGGER belongs_to_an_order ON wallet_entry;
DROP TRIGGER is_refunded ON orders_order;
DROP TRIGGER is_paid_for ON orders_order;
DROP FUNCTION orders_order_is_paid_for();
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial"), ("wallet", "0003_money_guard")]
    operations = [migrations.RunSQL(GUARD, UNGUARD)]
