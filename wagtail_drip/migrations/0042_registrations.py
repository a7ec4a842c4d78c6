"""Keeps what owners note of registrations."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('wagtail_drip', '0041_add_interests'),
        ('wagtailcore', '0097_baselogentry_uuid_action_timestamp_indexes'),
    ]

    operations = [
        migrations.CreateModel(
            name='Registration',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('country', models.CharField(max_length=2)),
                ('reference', models.CharField(max_length=120, verbose_name='reference no.')),
                ('registered_on', models.DateField(verbose_name='registered on')),
                ('registered_by', models.CharField(max_length=150, verbose_name='registered by')),
                ('sender', models.CharField(max_length=160)),
                ('noted_by', models.CharField(blank=True, default='', max_length=150)),
                ('noted_at', models.DateTimeField()),
                ('taken_back_by', models.CharField(blank=True, default='', max_length=150)),
                ('taken_back_at', models.DateTimeField(blank=True, null=True)),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='wagtailcore.site')),
            ],
            options={
                'verbose_name': 'registration',
                'verbose_name_plural': 'registrations',
                'constraints': [models.UniqueConstraint(fields=('site', 'country'), name='drip_registration_once')],
            },
        ),
    ]
