"""What Facegate costs on AWS: list prices in a file, and what a period's usage comes to at them.

Pure, and knows `services.contracts` alone.
"""

from services.prices.costs import CostLine, estimate
from services.prices.price_list import Prices, list_prices
from services.prices.usage import Usage

__all__ = ["CostLine", "Prices", "Usage", "estimate", "list_prices"]
