"""S3 events to jobs on SQS; boto3 and the standard library only, so that nothing has to be packed with it."""
