"""A site's stacks and their deployment: CloudFormation templates, the Lambda's package, one way to deploy.

The same code deploys onto AWS and onto the embedded AWS; only the endpoint in the environment differs.
"""
