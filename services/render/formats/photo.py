"""A portrait made safe to embed: decoded, bounded, and written anew without its metadata."""

import io

from PIL import Image, ImageOps, UnidentifiedImageError

from services.document.view import PhotoView
from services.runtime.errors import FieldError, InvalidArgument

_MOST_PIXELS = 24_000_000
"""Pixels a portrait may have: what today's telephones take, and 96 MB decoded."""

_TAKEN = f"at most {_MOST_PIXELS // 10**6} megapixels are taken"

_REDUCIBLE = frozenset({"L", "LA", "RGB", "RGBA"})
"""Modes in which neighbouring pixels can be averaged; numbers of a palette cannot."""

_WIDTH, _HEIGHT = 500, 600
"""Pixels of the result: 25 by 30 mm at 500 dots per inch."""


def portrait(photo: PhotoView) -> bytes:
    """The picture as JPEG, cropped to five by six. Raises InvalidArgument for what is no JPEG or PNG of sane size.

    A file of a few kilobytes can say that it has billions of pixels, and mean it. Sizes are looked at before anything
    is decoded, and only the first of several frames is.
    """
    try:
        with Image.open(io.BytesIO(photo.data), formats=("JPEG", "PNG")) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                raise _refused(f"has {picture.width} by {picture.height} pixels; {_TAKEN}")
            small = ImageOps.exif_transpose(_reduced(picture))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _refused(f"has far too many pixels; {_TAKEN}") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise _refused("is no readable JPEG or PNG picture") from error
    ground = Image.new("RGBA", small.size, "white")
    flat = Image.alpha_composite(ground, small).convert("RGB")
    fitted = ImageOps.fit(flat, (_WIDTH, _HEIGHT), Image.Resampling.LANCZOS, centering=(0.5, 0.35))
    out = io.BytesIO()
    fitted.save(out, "JPEG", quality=88, optimize=True)
    return out.getvalue()


def _reduced(picture: Image.Image) -> Image.Image:
    """The picture at twice the size that is wanted or little more, so that what follows needs no memory to speak of."""
    # A JPEG is decoded at an eighth, a quarter or half of its size where that is enough.
    picture.draft("RGB", (2 * _HEIGHT, 2 * _HEIGHT))
    factor = max(1, min(picture.size) // (2 * _HEIGHT))
    if factor == 1:
        return picture.convert("RGBA")
    whole = picture if picture.mode in _REDUCIBLE else picture.convert("RGBA")
    return whole.reduce(factor).convert("RGBA")


def _refused(why: str) -> InvalidArgument:
    return InvalidArgument(
        "The portrait cannot be used.",
        reason="PHOTO_INVALID",
        fields=[FieldError("document.header.photo", why)],
    )
