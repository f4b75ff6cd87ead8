from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gpts", "0019_insight_isolation")]

    operations = [
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(("is_temporary", True)),
                fields=["expires_at"],
                name="gpts_conversation_temporary",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)),
                fields=["deleted_at"],
                name="gpts_conversation_deleted",
            ),
        ),
    ]
