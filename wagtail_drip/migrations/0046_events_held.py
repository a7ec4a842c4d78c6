"""Keeps for which sequences an event waits until a segment is counted."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('wagtail_drip', '0045_opt_in_wordings'),
    ]

    operations = [
        migrations.AddField(
            model_name='event',
            name='held_for',
            field=models.CharField(blank=True, db_default='', default='', max_length=1000),
        ),
    ]
