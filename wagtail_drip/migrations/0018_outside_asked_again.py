from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('wagtail_drip', '0017_fewer_writes_on_the_hot_path'),
    ]

    operations = [
        migrations.AddField(
            model_name='outsidecall',
            name='asked_again_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
