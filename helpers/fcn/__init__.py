"""From classifier to fully convolutional network (FCN): the heart of the course.

`linear` turns a Linear layer into a convolution, `steps` a whole classifier, layer by layer;
`network` makes of them a network for images of any size, and `equivalence` proves that it computes
what the classifier computes.
"""

from helpers.fcn.equivalence import (
    Equivalence,
    check_equivalence,
)
from helpers.fcn.linear import (
    linear_as_convolution,
)
from helpers.fcn.network import (
    FCN,
    geometry,
    to_fcn,
)
from helpers.fcn.steps import (
    Step,
    conversion_steps,
)

__all__ = [
    "FCN",
    "Equivalence",
    "Step",
    "check_equivalence",
    "conversion_steps",
    "geometry",
    "linear_as_convolution",
    "to_fcn",
]
