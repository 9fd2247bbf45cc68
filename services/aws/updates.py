"""Changing an item of DynamoDB where a condition holds."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_ALIAS = re.compile(r"#(\w+)")


def update_where(
    dynamodb: "DynamoDBClient",
    table: str,
    key: Mapping[str, Any],
    *,
    condition: str,
    expression: str,
    values: Mapping[str, Any],
) -> bool:
    """Change an item, unless it is not as it has to be.

    Parameters
    ----------
    condition, expression : str
        DynamoDB's. ``#status`` in them is the attribute ``status``, as it has to be written of words that
        DynamoDB keeps for itself.
    values : mapping of str to attribute
        What the expressions call ``:name``.

    Returns
    -------
    bool
        False if the condition does not hold; nothing is changed then.
    """
    names = {f"#{name}": name for name in _ALIAS.findall(f"{condition} {expression}")}
    # DynamoDB refuses empty maps
    given: Any = {"ExpressionAttributeNames": names} if names else {}
    if values:
        given["ExpressionAttributeValues"] = values
    try:
        dynamodb.update_item(
            TableName=table,
            Key=key,
            ConditionExpression=condition,
            UpdateExpression=expression,
            **given,
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True
