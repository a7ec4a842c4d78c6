"""Keeps the name of an interest that a line of a list gives and that there is not."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('wagtail_drip', '0042_registrations'),
    ]

    operations = [
        migrations.AddField(
            model_name='refusedline',
            name='told',
            field=models.CharField(blank=True, db_default='', default='', max_length=64),
        ),
    ]
