"""What can become of an order."""


class Unreachable(Exception):
    """The door did not take the order; it may when it is sent again."""


class Refused(Exception):
    """The door will not take the order, however often it is sent."""
