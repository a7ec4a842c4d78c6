"""Keeps an owner's own words beside sign-ups."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('wagtail_drip', '0044_interests_ticked_with_a_form'),
    ]

    operations = [
        migrations.CreateModel(
            name='OptInWording',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('country', models.CharField(blank=True, default='', max_length=2, verbose_name='country')),
                ('language', models.CharField(blank=True, default='', max_length=16, verbose_name='language of the page')),
                ('group', models.CharField(choices=[('marketing', 'Offers and news'), ('transactional', 'Orders and bookings')], default='marketing', max_length=16, verbose_name='what for')),
                ('text', models.TextField(blank=True, default='', verbose_name='what people agree to')),
                ('must_say', models.JSONField(blank=True, default=list, verbose_name='what has to be said')),
                ('source', models.CharField(max_length=255, verbose_name='source')),
                ('url', models.URLField(blank=True, default='', max_length=500, verbose_name='where it can be read')),
                ('read_on', models.DateField(verbose_name='read on')),
                ('edited_by', models.CharField(blank=True, default='', max_length=150)),
                ('edited_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'sign-up wording',
                'verbose_name_plural': 'sign-up wordings',
                'constraints': [models.UniqueConstraint(fields=('country', 'language', 'group'), name='drip_opt_in_wording_once')],
            },
        ),
    ]
