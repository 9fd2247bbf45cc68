"""The only place that knows AWS's libraries: connection, queues, stores, the collection, Celery."""
