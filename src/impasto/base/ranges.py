"""Ranges of numbers, to annotate the parameters of constructors with.

``n_critic: Count = 1`` is refused before anything is built unless it is a whole number of 1 or more. A class of your
own may use these, or any of ``annotated_types``: ``strength: Annotated[float, Gt(0), Le(10)]``. ``doc`` says what to
give instead, if a sentence made from the bounds would not be clear.
"""

from typing import Annotated

from annotated_types import Ge, Gt, Le, Lt, doc

Count = Annotated[int, Ge(1)]
CountOrZero = Annotated[int, Ge(0)]
Seed = Annotated[int, Ge(0), Lt(2**63), doc("a whole number, 0 or more and below 2^63")]
Positive = Annotated[float, Gt(0)]
AtLeastOne = Annotated[float, Ge(1)]
NotNegative = Annotated[float, Ge(0)]
Share = Annotated[float, Ge(0), Lt(1), doc("a share from 0 to below 1")]
Strength = Annotated[float, Ge(0), Le(1)]
Interval = Annotated[float, Ge(0), doc("a positive number, or null for never")]
"""Interval in thousands of pictures, or in minutes."""
