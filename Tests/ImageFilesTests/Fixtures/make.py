"""Writes the pictures that the tests decode, and what Pillow makes of each (NAME.ppm or NAME.pgm), beside itself."""

import io
import random
import struct
import zlib
from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).resolve().parent
WIDTH, HEIGHT = 29, 19


def picture() -> Image.Image:
    """Smooth colours with hard edges, so that chroma upsampling shows."""
    image = Image.new("RGB", (WIDTH, HEIGHT))
    for y in range(HEIGHT):
        for x in range(WIDTH):
            edge = 200 if (x // 5 + y // 4) % 2 else 0
            image.putpixel((x, y), (x * 255 // WIDTH, y * 255 // HEIGHT, edge))
    return image


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(depth: int, color: int, channels: int, extra: bytes = b"", limit: int = 0, last: bytes = b"") -> bytes:
    """A PNG of random samples, for the kinds that Pillow does not write; chunks before and behind them."""
    generator = random.Random(depth * 10 + color)
    rows = b""
    for _ in range(HEIGHT):
        samples = [generator.randrange(limit or 1 << depth) for _ in range(WIDTH * channels)]
        bits = "".join(f"{sample:0{depth}b}" for sample in samples)
        bits += "0" * (-len(bits) % 8)
        rows += b"\0" + int(bits, 2).to_bytes(len(bits) // 8, "big")
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, color, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + extra
        + chunk(b"IDAT", zlib.compress(rows))
        + last
        + chunk(b"IEND", b"")
    )


def adam7() -> bytes:
    """The picture as an interlaced PNG."""
    image = picture()
    rows = b""
    for x0, y0, dx, dy in (
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ):
        for y in range(y0, HEIGHT, dy):
            rows += b"\0" + b"".join(bytes(image.getpixel((x, y))) for x in range(x0, WIDTH, dx))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def saved(image: Image.Image, form: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def exif(order: str, orientation: int) -> bytes:
    """A TIFF directory of two tags, the second of which is Orientation; order "<" or ">"."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IH", 8, 2)
    size = struct.pack(f"{order}HHIHH", 0x0100, 3, 1, WIDTH, 0)
    return head + size + struct.pack(f"{order}HHIHHI", 0x0112, 3, 1, orientation, 0, 0)


palette = chunk(b"PLTE", bytes(random.Random(1).randrange(256) for _ in range(48)))
alpha = picture().convert("RGBA")
alpha.putalpha(Image.linear_gradient("L").resize((WIDTH, HEIGHT)))

files = {
    "420.jpg": saved(picture(), "JPEG", quality=80, subsampling="4:2:0"),
    "422.jpg": saved(picture(), "JPEG", quality=80, subsampling="4:2:2"),
    "444.jpg": saved(picture(), "JPEG", quality=95, subsampling="4:4:4"),
    "gray.jpg": saved(picture().convert("L"), "JPEG"),
    "cmyk.jpg": saved(picture().convert("CMYK"), "JPEG", quality=90),
    "exif-little-endian.jpg": saved(picture(), "JPEG", exif=b"Exif\0\0" + exif("<", 6)),
    "exif-big-endian.jpg": saved(picture(), "JPEG", exif=b"Exif\0\0" + exif(">", 8)),
    "progressive.jpg": saved(picture(), "JPEG", progressive=True, quality=85),
    "rgb8.png": saved(picture(), "PNG"),
    "rgba8.png": saved(alpha, "PNG"),
    "adam7.png": adam7(),
    "gray1.png": png(1, 0, 1),
    "gray2.png": png(2, 0, 1),
    "gray4.png": png(4, 0, 1),
    "gray8.png": png(8, 0, 1),
    "gray8-transparent.png": png(8, 0, 1, chunk(b"tRNS", b"\0\x10")),
    "palette1.png": png(1, 3, 1, palette),
    "palette4.png": png(4, 3, 1, palette),
    "palette8-transparent.png": png(8, 3, 1, palette + chunk(b"tRNS", b"\0\x80"), limit=16),
    "gray-alpha8.png": png(8, 4, 2),
    "rgb16.png": png(16, 2, 3),
    "rgba16.png": png(16, 6, 4),
    "exif.png": png(8, 2, 3, chunk(b"eXIf", exif(">", 5))),
    "exif-last.png": png(8, 2, 3, last=chunk(b"eXIf", exif("<", 3))),
}
for name, data in files.items():
    (FOLDER / name).write_bytes(data)
    image = Image.open(io.BytesIO(data))
    gray = image.mode in ("1", "L", "LA")
    image = image.convert("L" if gray else "RGB")
    image.save(FOLDER / f"{name}.{'pgm' if gray else 'ppm'}")
# Pillow keeps 16-bit gray as it is; the upper byte of each sample is what a PNG reader for 8 bits makes of it.
(FOLDER / "gray16.png").write_bytes(png(16, 0, 1))
upper = Image.open(FOLDER / "gray16.png").point(lambda value: value / 256).convert("L")
upper.save(FOLDER / "gray16.png.pgm")
