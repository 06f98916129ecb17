"""How large the networks of the generators are, and pictures for them."""

import numpy as np

# (1×1, 3×3 reduce, 3×3, 5×5 reduce, 5×5, pool projection) of the Inception modules.
MODULES = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


class Size:
    """How wide a network is, and what it reads and tells apart.

    narrow  the input's height and width where a network does not have the real width
    """

    def __init__(self, full, classes, modules=("3a", "4a", "5a"), narrow=(96, 64)):
        self.modules = MODULES if full else {module: MODULES[module] for module in modules}
        self.divisor = 1 if full else 32
        self.classes = classes if full else 12
        # The last stage has 7×7 pixels, or 3×2 by default.
        self.height, self.width = (224, 224) if full else narrow
        self.last = (self.height // 32, self.width // 32)

    def channels(self, count):
        return max(count // self.divisor, 3)

    def images(self, count=1, seed=1):
        """Smooth N×H×W×3 pictures with noise, 0 to 255."""
        random = np.random.default_rng(seed)
        rows, columns = np.mgrid[0 : self.height, 0 : self.width] / 16
        waves = random.uniform(-1, 1, (count, 3, 3))
        smooth = np.stack(
            [np.sin(w[:, 0, None, None] * rows + w[:, 1, None, None] * columns + w[:, 2, None, None]) for w in waves]
        )
        pixels = 128 + 90 * smooth + random.normal(0, 25, smooth.shape)
        return pixels.clip(0, 255).round().astype(np.uint8).transpose(0, 2, 3, 1)
