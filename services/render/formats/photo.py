"""A portrait made safe to embed: decoded, bounded, and written anew without its metadata."""

import io

from PIL import Image, ImageOps, UnidentifiedImageError

from services.document.view import PhotoView
from services.runtime.errors import FieldError, InvalidArgument

_MOST_PIXELS = 24_000_000
"""Pixels a portrait may have: what today's telephones take, and 72 MB decoded."""

_WIDTH, _HEIGHT = 500, 600
"""Pixels of the result: 25 by 30 mm at 500 dots per inch."""


def portrait(photo: PhotoView) -> bytes:
    """The picture as JPEG, cropped to five by six. Raises InvalidArgument for what is no JPEG or PNG of sane size."""
    try:
        with Image.open(io.BytesIO(photo.data), formats=("JPEG", "PNG")) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                raise _refused(
                    f"has {picture.width} by {picture.height} pixels; at most 24 megapixels are taken"
                )
            upright = ImageOps.exif_transpose(picture).convert("RGBA")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise _refused("is no readable JPEG or PNG picture") from error
    ground = Image.new("RGBA", upright.size, "white")
    flat = Image.alpha_composite(ground, upright).convert("RGB")
    fitted = ImageOps.fit(flat, (_WIDTH, _HEIGHT), Image.Resampling.LANCZOS, centering=(0.5, 0.35))
    out = io.BytesIO()
    fitted.save(out, "JPEG", quality=88, optimize=True)
    return out.getvalue()


def _refused(why: str) -> InvalidArgument:
    return InvalidArgument(
        "The portrait cannot be used.",
        reason="PHOTO_INVALID",
        fields=[FieldError("document.header.photo", why)],
    )
