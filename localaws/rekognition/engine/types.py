"""The arrays that the engine's parts hand to each other."""

from typing import Any

import numpy as np
import numpy.typing as npt

#: RGB picture, (height, width, 3), uint8.
Pixels = npt.NDArray[np.uint8]

#: Coordinates, vectors and model outputs.
Floats = npt.NDArray[np.float32]

#: What cv2's own type hints call a picture; cv2 does not keep the dtype in its hints.
CvArray = npt.NDArray[Any]
