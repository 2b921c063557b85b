"""Who brought whom, and what was earned, is written once; an end and a reversal are added to it, and stay."""

from django.db import migrations

GUARD = """
CREATE FUNCTION referrals_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% %: %', TG_TABLE_NAME, OLD.id, TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER never_goes BEFORE DELETE ON referrals_invitation
    FOR EACH ROW EXECUTE FUNCTION referrals_refuse('invitations are kept');
CREATE TRIGGER stays_as_made BEFORE UPDATE ON referrals_invitation FOR EACH ROW
    WHEN ((OLD.id, OLD.invitee_id, OLD.inviter_id, OLD.via, OLD.created_at)
              IS DISTINCT FROM (NEW.id, NEW.invitee_id, NEW.inviter_id, NEW.via, NEW.created_at)
          OR OLD.ended_at IS NOT NULL)
    EXECUTE FUNCTION referrals_refuse('who brought whom never changes, and an end stands');
CREATE TRIGGER never_goes BEFORE DELETE ON referrals_earning
    FOR EACH ROW EXECUTE FUNCTION referrals_refuse('earnings are kept');
CREATE TRIGGER stays_as_earned BEFORE UPDATE ON referrals_earning FOR EACH ROW
    WHEN ((OLD.id, OLD.order_id, OLD.invitation_id, OLD.cents, OLD.percent, OLD.created_at)
              IS DISTINCT FROM (NEW.id, NEW.order_id, NEW.invitation_id, NEW.cents, NEW.percent, NEW.created_at)
          OR OLD.reversed_at IS DISTINCT FROM NEW.reversed_at AND OLD.reversed_at IS NOT NULL
          OR NEW.reversed_cents < OLD.reversed_cents)
    EXECUTE FUNCTION referrals_refuse('a share never changes, and what was taken back stays so');
"""
UNGUARD = """
DROP TRIGGER stays_as_earned ON referrals_earning;
DROP TRIGGER never_goes ON referrals_earning;
DROP TRIGGER stays_as_made ON referrals_invitation;
DROP TRIGGER never_goes ON referrals_invitation;
DROP FUNCTION referrals_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("referrals", "0001_initial")]
    operations = [migrations.RunSQL(GUARD, UNGUARD)]
