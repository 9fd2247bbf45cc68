"""The audit trail's logic: how records are chained, how days are sealed, how both are verified.

Knows `services.contracts` alone; `services.aws` keeps what is made here and reads it back.
"""
