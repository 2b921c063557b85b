import django.db.models.functions.datetime
from django.db import migrations, models
from django.conf import settings


class Migration(migrations.Migration):

    dependencies = [
        ('topups', '0002_payments'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='topup',
            index=models.Index(models.F('user'), models.OrderBy(models.F('id'), descending=True), name='topup_history'),
        ),
        migrations.AddIndex(
            model_name='topup',
            index=models.Index(condition=models.Q(('next_read_at__isnull', False)), fields=['next_read_at'], name='topup_due'),
        ),
        migrations.AddIndex(
            model_name='topup',
            index=models.Index(condition=models.Q(('credited_at__isnull', False), ('mailed_at', None)), fields=['credited_at'], name='topup_to_mail'),
        ),
        migrations.AddIndex(
            model_name='topup',
            index=models.Index(condition=models.Q(('gateway_ref', ''), _negated=True), fields=['gateway_ref'], name='topup_ref'),
        ),
        migrations.AddConstraint(
            model_name='topup',
            constraint=models.UniqueConstraint(fields=('gateway', 'payment_ref'), name='topup_payment_once'),
        ),
        migrations.AddConstraint(
            model_name='topup',
            constraint=models.UniqueConstraint(fields=('user', 'key'), name='topup_form_once'),
        ),
        migrations.AddConstraint(
            model_name='topup',
            constraint=models.UniqueConstraint(condition=models.Q(('again_for', None), models.Q(('gateway_ref', ''), _negated=True)), fields=('gateway', 'gateway_ref'), name='topup_wish_once'),
        ),
        migrations.AddConstraint(
            model_name='topup',
            constraint=models.CheckConstraint(condition=models.Q(('amount_cents__gt', 0), ('asked__gt', 0)), name='topup_asks_something'),
        ),
        migrations.AddConstraint(
            model_name='topup',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('credited_at__isnull', False), ('credited_cents__gt', 0), ('state__in', ('credited', 'refunded', 'disputed'))), models.Q(models.Q(('state__in', ('credited', 'refunded', 'disputed')), _negated=True), ('credited_cents', 0), ('refunded_cents', 0)), _connector='OR'), name='topup_credited_or_not'),
        ),
        migrations.AddConstraint(
            model_name='topup',
            constraint=models.CheckConstraint(condition=models.Q(('refunded_cents__lte', models.F('credited_cents'))), name='topup_refunded_within'),
        ),
        migrations.AddConstraint(
            model_name='topup',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('captured', None), ('payment_ref', None), ('state__in', ('created', 'pending', 'expired', 'failed'))), models.Q(models.Q(('state__in', ('created', 'pending', 'expired', 'failed')), _negated=True), ('captured__gt', 0), ('payment_ref__isnull', False)), _connector='OR'), name='topup_paid_or_not'),
        ),
        migrations.AddConstraint(
            model_name='paymentmethod',
            constraint=models.CheckConstraint(condition=models.Q(('max_cents__gte', models.F('min_cents')), ('min_cents__gt', 0)), name='method_bounds'),
        ),
        migrations.AddConstraint(
            model_name='paymentmethod',
            constraint=models.CheckConstraint(condition=models.Q(('usd_rate__gt', 0)), name='method_rate_positive'),
        ),
        migrations.AddConstraint(
            model_name='topupterms',
            constraint=models.CheckConstraint(condition=models.Q(('id', 1)), name='topup_terms_once'),
        ),
        migrations.AddIndex(
            model_name='webhookevent',
            index=models.Index(condition=models.Q(('handled_at', None)), fields=['received_at'], name='event_to_handle'),
        ),
        migrations.AddConstraint(
            model_name='webhookevent',
            constraint=models.UniqueConstraint(fields=('gateway', 'event_id'), name='event_once'),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.UniqueConstraint(fields=('top_up', 'actor'), name='approval_of_one_person_once'),
        ),
        migrations.AddConstraint(
            model_name='payout',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', 0), ('amount_cents__gt', 0)), name='payout_is_something'),
        ),
        migrations.AddConstraint(
            model_name='payout',
            constraint=models.UniqueConstraint(fields=('top_up', 'gateway_ref'), name='payout_at_gateway_once'),
        ),
        migrations.AddIndex(
            model_name='review',
            index=models.Index(condition=models.Q(('settled_at', None)), fields=['opened_at'], name='review_open'),
        ),
        migrations.AddConstraint(
            model_name='review',
            constraint=models.UniqueConstraint(fields=('finding', 'gateway', 'subject'), name='review_once'),
        ),
    ]
