"""The pages about the service: the release in service, alive, ready, metrics, documentation."""

from typing import Literal

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from api import problems
from api.document import METRICS, NOT_READY, PROBLEM
from api.metrics import Metrics
from titanic_model.follower import Follower
from titanic_model.releases import Manifest


class Alive(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    """A release is in service."""

    model_config = ConfigDict(protected_namespaces=())

    status: Literal["ready"] = "ready"
    model_version: str
    problem: str | None = Field(description="Why a newer champion is not in service, if it is not.")


def install(app: FastAPI, follower: Follower, metrics: Metrics) -> None:
    """Add the pages to `app`."""

    @app.get(
        "/model",
        summary="The release in service",
        tags=["model"],
        responses=NOT_READY,
        response_model=Manifest,
    )
    async def model(request: Request) -> Manifest | Response:
        """Its data, parameters, metrics, versions, and files' hashes."""
        if follower.serving is None:
            return problems.not_ready(request.scope, "no model yet; /readyz says why")
        return follower.serving[0]

    @app.get("/livez", summary="Alive?", tags=["service"], responses=PROBLEM)
    async def livez() -> Alive:
        """The process answers; a release is not needed for that."""
        return Alive()

    @app.get(
        "/readyz", summary="Ready?", tags=["service"], responses=NOT_READY, response_model=Ready
    )
    async def readyz(request: Request) -> Ready | Response:
        """A release is in service; if none is, the reason."""
        scorer, problem = follower.scorer, follower.problem
        if scorer is None:
            return problems.not_ready(request.scope, problem or "no release read yet")
        return Ready(model_version=scorer.version, problem=problem)

    @app.get(
        "/metrics",
        name="metrics",
        summary="For Prometheus",
        tags=["service"],
        responses=METRICS,
        response_class=Response,
    )
    async def metrics_page(request: Request) -> Response:
        """Requests, latencies, predictions, refusals, and the release in service."""
        content, content_type = metrics.page(request.headers.get("accept", ""))
        return Response(content, headers={"content-type": content_type})

    @app.get("/", include_in_schema=False)
    async def home() -> Response:
        return RedirectResponse("docs")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            title=app.title,
            openapi_url="openapi.json",
            swagger_js_url="docs/files/swagger-ui-bundle.js",
            swagger_css_url="docs/files/swagger-ui.css",
            swagger_favicon_url="docs/files/favicon.png",
        )

    # Swagger UI's files from a package, so that the page works where no CDN is in reach.
    app.mount("/docs/files", StaticFiles(packages=[("fastapi_offline", "static")]))
