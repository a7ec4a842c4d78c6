"""Keeps which interests were ticked with a sign-up form until it is confirmed."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('wagtail_drip', '0043_name_of_an_unknown_interest'),
    ]

    operations = [
        migrations.AddField(
            model_name='optinrequest',
            name='interests',
            field=models.JSONField(blank=True, null=True),
        ),
    ]
