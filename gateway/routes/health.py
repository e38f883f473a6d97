"""Whether the gateway answers."""

from fastapi import APIRouter

router = APIRouter(tags=["health"])


@router.get("/health", summary="Answers while the gateway runs")
async def health() -> dict[str, str]:
    """Needs no token. Whether the process wants requests is /readyz on the ops port."""
    return {"status": "ok"}
