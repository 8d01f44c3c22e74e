import io
import json
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from ensemble.serve.framing import measure_framing
from ensemble.serve.picture import place_picture, read_picture
from ensemble.serve.refused import RefusedError
from ensemble.serve.strokes import MOST_POINTS, MOST_STROKES, read_strokes
from tests.ensemble.serve.images import framed_by_mass, png, seven

WHOLE = png(seven())


def bomb(width: int, height: int) -> bytes:
    """Return a PNG's beginning that promises so many pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "junk", [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"<svg/>", b"%!PS-Adobe-3.0 EPSF", b"P5 2 2 255 abcd"]
)
def test_junk_is_no_picture(junk):
    with pytest.raises(RefusedError, match="no picture that can be read: PNG, JPEG, GIF, BMP or WebP") as refused:
        read_picture(junk)
    assert refused.value.status == 415


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP"])
def test_pictures_of_all_kinds_are_read_and_torn_ones_refused(kind):
    data = png(seven(), kind)
    assert read_picture(data).shape == (600, 500, 3)
    with pytest.raises(RefusedError):
        read_picture(data[: len(data) // 2])


@pytest.mark.parametrize(("width", "height"), [(5_000, 5_000), (60_000, 60_000), (2**31 - 1, 1)])
def test_bombs_are_refused_by_their_size_before_they_are_decoded(width, height):
    with pytest.raises(RefusedError, match="16 million pixels at most") as refused:
        read_picture(bomb(width, height))
    assert refused.value.status == 413


def test_pictures_of_every_mode_are_read():
    for mode in ("1", "L", "P", "LA", "PA", "RGB", "RGBA", "CMYK", "I;16"):
        file = io.BytesIO()
        picture = Image.new("L", (30, 20), 200)
        if mode == "I;16":
            picture = Image.fromarray(np.full((20, 30), 50_000, np.uint16))
        elif mode == "PA":
            picture = Image.new("RGBA", (30, 20), (200, 200, 200, 255)).quantize()
        else:
            picture = picture.convert(mode)
        picture.save(file, "JPEG" if mode == "CMYK" else "PNG")
        assert read_picture(file.getvalue()).shape == (20, 30, 3), mode


def test_picture_is_upright_and_what_is_transparent_is_paper():
    file = io.BytesIO()
    tall = Image.new("RGB", (40, 20))
    tags = tall.getexif()
    tags[0x0112] = 6  # turned by a quarter, as phones note it
    tall.save(file, "JPEG", exif=tags)
    assert read_picture(file.getvalue()).shape == (40, 20, 3)
    clear = np.zeros((20, 20, 4), np.uint8)
    assert read_picture(png(clear)).min() == 255
    clear[5:15, 5:15] = 255
    assert read_picture(png(clear))[0, 0, 0] == 0


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_sheet_of_one_colour_has_nothing_on_it(shade):
    with pytest.raises(RefusedError, match="nothing on that picture but its background"):
        place_picture(png(np.full((90, 70), shade, np.uint8)), measure_framing(framed_by_mass()))


def test_paper_with_grain_is_background():
    rng = np.random.default_rng(0)
    grain = seven(at=(100, 100)).astype(float) * 0.7 + rng.normal(0, 4, (600, 500)) + np.linspace(0, 20, 500)
    framing = measure_framing(framed_by_mass())
    image, _ = place_picture(png(grain.clip(0, 255).astype(np.uint8)), framing)
    clean, _ = place_picture(WHOLE, framing)
    assert abs(image.astype(int) - clean).mean() < 8


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"[]", b"null", b'{"strokes": 3}', b'{"strokes": [[1, 2]]}', b'{"strokes": [[["a", 1]]]}',
        b'{"strokes": [[[1, 2, 3]]]}', b'{"strokes": [[[1, NaN]]]}', b'{"strokes": [[[1e999, 0]]]}', b"[" * 100_000,
        b'{"strokes": [[[1, 2], [3]]]}', b'{"strokes": {"a": [[0, 0]]}}', b"\xff\xfe", b'{"strokes": [[[[0], [1]]]]}',
        b'{"strokes": [[[' + b"9" * 5_000 + b", 0]]]}", b'{"strokes": [[null]]}', b'{"strokes": [[true]]}',
    ],
)  # fmt: skip
def test_anything_but_strokes_is_refused_in_one_sentence(body):
    with pytest.raises(RefusedError, match="a drawing must be sent as"):
        read_strokes(body)


def test_empty_sheet_and_endless_drawings_are_refused():
    empty_sheets: list[list[list[float]]] = [[], [[]], [[], []]]
    for nothing in empty_sheets:
        with pytest.raises(RefusedError, match="Nothing is drawn yet"):
            read_strokes(json.dumps({"strokes": nothing}).encode())
    for many in ([[[0, 0]] * (MOST_POINTS + 1)], [[[0, 0]]] * (MOST_STROKES + 1)):
        with pytest.raises(RefusedError, match="at most 300 strokes of 5,000 points"):
            read_strokes(json.dumps({"strokes": many}).encode())


def test_points_outside_lie_on_the_edge():
    assert read_strokes(b'{"strokes": [[[-5, 0.5], [0.25, 7]]]}')[0].tolist() == [[0, 0.5], [0.25, 1]]
