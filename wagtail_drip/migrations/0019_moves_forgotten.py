from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('wagtail_drip', '0018_outside_asked_again'),
    ]

    operations = [
        migrations.AddField(
            model_name='sequenceversion',
            name='moves_forgotten',
            field=models.JSONField(blank=True, null=True),
        ),
    ]
