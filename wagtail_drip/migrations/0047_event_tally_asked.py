"""Has the index of tallies hold all that a segment asks of them: counting one reads no rows."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('wagtail_drip', '0046_events_held'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='eventtally',
            index=models.Index(
                fields=['name', 'last_at', 'contact', 'n', 'first_at'], name='drip_event_tally_asked'
            ),
        ),
        migrations.RemoveIndex(
            model_name='eventtally',
            name='drip_event_tally_last',
        ),
    ]
