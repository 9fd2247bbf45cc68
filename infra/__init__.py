"""The stack and its deployment: one CloudFormation template, the Lambda's package, one way to deploy.

The same code deploys onto AWS and onto the embedded AWS; only the endpoint in the environment differs.
"""

from pathlib import Path

TEMPLATE = Path(__file__).with_name("template.yaml")
