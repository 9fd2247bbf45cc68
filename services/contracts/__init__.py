"""What crosses a queue and what the words mean: pydantic models, no AWS.

`messages` holds the jobs and the reply, `domain` what is stored and decided, `reasons` why.
"""
