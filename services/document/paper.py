"""Which paper a document is printed on where nobody says."""

_LETTER_REGIONS = frozenset("BZ CA CL CO CR DO GT HN MX NI PA PH PR SV US VE".split())
"""Where US letter is the paper of offices (CLDR supplemental measurement data, paperSize US-Letter, and Honduras)."""


def takes_letter_paper(locale: str) -> bool:
    """Whether a locale's offices use US letter and not A4; English without a region is taken for American."""
    regions = [each for each in locale.upper().split("-")[1:] if len(each) == 2]
    return regions[0] in _LETTER_REGIONS if regions else locale.lower() in {"", "en"}
