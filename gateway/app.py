"""The ASGI application: routes, errors, identity, documentation. Everything it uses is passed in."""

from functools import cache
from importlib import resources
from typing import Any

import fastapi_offline
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from prometheus_client import CollectorRegistry
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from gateway.config import HttpConfig
from gateway.middleware import LimitBody, Observe
from gateway.openapi import describe
from gateway.problems import on_invalid_request, on_vitae_error, problem
from gateway.routes import ROUTERS, TAGS
from gateway.services import Services
from services.runtime.auth import Authenticate
from services.runtime.errors import Internal, InvalidArgument, NotFound, VitaeError

DESCRIPTION = (
    "Turns a career profile and a job posting into a truthful, tailored resume or cover letter, renders it, "
    "and stores it.\n\n"
    "Every call under /api/v1 needs a bearer token. Errors are RFC 9457 problems with a stable `code`."
)
API_VERSION = "1.0.0"
"""Version of the REST contract: the first number is that of the paths."""

EXPOSED = (
    "Content-Disposition",
    "ETag",
    "Location",
    "Preference-Applied",
    "Retry-After",
    "WWW-Authenticate",
    "X-Page-Count",
    "X-Request-Id",
)
"""Headers that scripts of other origins may read."""

_INLINE = "'self' 'unsafe-inline'"
DOCS_POLICY = f"default-src 'self'; script-src {_INLINE}; style-src {_INLINE}; img-src 'self' data:"
"""Swagger UI starts itself by an inline script and inlines its icons; it fetches nothing from elsewhere."""


def build_app(
    *, services: Services, authenticate: Authenticate, http: HttpConfig, registry: CollectorRegistry
) -> ASGIApp:
    """The application. `authenticate` turns a bearer token into a person."""
    app = _routed()
    app.state.services, app.state.authenticate, app.state.http = services, authenticate, http
    app.add_exception_handler(VitaeError, on_vitae_error)
    app.add_exception_handler(RequestValidationError, on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(Exception, _on_uncaught)
    _document(app)
    return _wrapped(app, http, registry)


def document() -> dict[str, Any]:
    """The OpenAPI document of the API."""
    return describe(_routed())


def _routed() -> FastAPI:
    app = FastAPI(
        title="Vitae",
        version=API_VERSION,
        summary="Tailored resumes, rendered and stored.",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_operation_id,
        openapi_tags=[{"name": name, "description": about} for name, about in TAGS.items()],
    )
    for router in ROUTERS:
        app.include_router(router)
    return app


def _operation_id(route: APIRoute) -> str:
    """What generated clients call an operation, such as exports_create."""
    tags = (str(tag).replace("-", "_") for tag in route.tags[:1])
    return "_".join([*tags, route.name.rstrip("_")])


def _document(app: FastAPI) -> None:
    """Adds /openapi.json and /docs, with Swagger UI from the package: the page works without the internet."""
    assets = resources.files(fastapi_offline).joinpath("static")
    app.mount("/docs/assets", StaticFiles(directory=str(assets)), name="docs-assets")

    @cache  # made when first asked for: a process that starts is not to wait for it
    def openapi() -> dict[str, Any]:
        return describe(app)

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to replace the document

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        page = get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="Vitae API",
            swagger_js_url="/docs/assets/swagger-ui-bundle.js",
            swagger_css_url="/docs/assets/swagger-ui.css",
            swagger_favicon_url="data:,",
            # No badge from a validator on the internet; models folded, as there are a hundred of them.
            swagger_ui_parameters={"validatorUrl": None, "defaultModelsExpandDepth": 0},
        )
        page.headers["Content-Security-Policy"] = DOCS_POLICY
        return page


async def _on_http_exception(_: Request, error: Exception) -> Response:
    """Answers what the framework itself refuses: unknown paths and methods, bodies that could not be read."""
    if not isinstance(error, HTTPException):
        raise TypeError(f"registered for HTTPException, got {type(error).__name__}")
    if isinstance(error.__cause__, VitaeError):
        return problem(error.__cause__)  # raised while FastAPI read the body
    if error.status_code == 404:
        answer = problem(NotFound("There is nothing at this path.", reason="PATH_NOT_FOUND"))
    else:
        code = "METHOD_NOT_ALLOWED" if error.status_code == 405 else "REQUEST_INVALID"
        answer = problem(InvalidArgument(str(error.detail), reason=code), status=error.status_code)
    answer.headers.update(error.headers or {})
    return answer


async def _on_uncaught(_: Request, __: Exception) -> Response:
    """The last-resort 500. Starlette raises the exception again after sending it; `Observe` logs it."""
    return problem(Internal())


def _wrapped(app: FastAPI, http: HttpConfig, registry: CollectorRegistry) -> ASGIApp:
    """The application inside its middleware, outermost first: observation, CORS, the body's limit."""
    inner: ASGIApp = LimitBody(app, http.max_body)
    if http.cors_origins:
        inner = CORSMiddleware(
            inner,
            allow_origins=list(http.cors_origins),
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=EXPOSED,
        )
    return Observe(inner, registry)
