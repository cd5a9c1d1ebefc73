"""The OpenAPI document, from the models that judge and answer. FastAPI writes that of the pages;
`/predict`, which it does not route, is written here.
"""

from typing import Any, Final

from fastapi import FastAPI
from pydantic import BaseModel
from starlette.types import Lifespan

from api.problems import MEDIA_TYPE, RETRY_AFTER_S, Problem
from titanic_model.passenger import PassengerEvent, Prediction

# OpenAPI's own shape; it has no better type than this.
Json = dict[str, Any]

# Of what this document promises, not of the package: it grows when the contract does.
CONTRACT_VERSION: Final = "1.0.0"

DESCRIPTION: Final = """\
Who would have survived the Titanic, by age, sex and class: the release that scores the stream
answers here, too, after the same checks. Errors are problem details (RFC 9457).
"""

PASSENGERS: Final[Json] = {
    "first_class_woman": {
        "summary": "A woman in first class",
        "value": {"passenger_id": "1-42", "age": 29, "sex": "female", "pclass": 1},
    },
    "third_class_man": {
        "summary": "A man in third class, of unknown age",
        "value": {"passenger_id": "3-7", "age": None, "sex": "male", "pclass": 3},
    },
    "boy_without_id": {
        "summary": "A boy of eleven months; only sex and pclass are required",
        "value": {"age": 0.92, "sex": "male", "pclass": 2},
    },
}


def _problem(description: str, *, retry: bool = False) -> Json:
    schema = {"$ref": "#/components/schemas/Problem"}
    response: Json = {"description": description, "content": {MEDIA_TYPE: {"schema": schema}}}
    if retry:
        example = {"type": "integer", "examples": [RETRY_AFTER_S]}
        response["headers"] = {"Retry-After": {"description": "In seconds.", "schema": example}}
    return response


PROBLEM: Final[dict[int | str, Json]] = {"default": _problem("Any other problem")}
NOT_READY: Final[dict[int | str, Json]] = {
    503: _problem("No release is in service", retry=True),
    **PROBLEM,
}

METRICS: Final[dict[int | str, Json]] = {
    200: {
        "description": "Prometheus' text format, or OpenMetrics for who accepts it",
        "content": {
            "text/plain": {"schema": {"type": "string"}},
            "application/openmetrics-text": {"schema": {"type": "string"}},
        },
    },
    **PROBLEM,
}

PREDICT: Final[Json] = {
    "tags": ["predict"],
    "summary": "One passenger, one prediction",
    "operationId": "predict",
    "requestBody": {
        "required": True,
        "description": "At most 64 KiB.",
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/PassengerEvent"},
                "examples": PASSENGERS,
            }
        },
    },
    "responses": {
        "200": {
            "description": "The prediction",
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/Prediction"},
                    "example": {
                        "passenger_id": "1-42",
                        "survived": 1,
                        "probability": 0.95,
                        "model_version": "0123456789ab",
                    },
                }
            },
        },
        "400": _problem("The body is empty or not JSON"),
        "413": _problem("The body is too large"),
        "415": _problem("The body is not said to be JSON"),
        "422": _problem("The body is no passenger: the fields, what came, and what is allowed"),
        "503": _problem("No release is in service", retry=True),
        "default": _problem("Any other problem"),
    },
}


class Documented(FastAPI):
    """FastAPI, with the whole service in its document."""

    def __init__(self, lifespan: Lifespan[FastAPI]) -> None:
        super().__init__(
            title="Titanic stream scorer",
            summary="A model on Kafka, by request",
            description=DESCRIPTION,
            version=CONTRACT_VERSION,
            lifespan=lifespan,
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
            generate_unique_id_function=lambda route: route.name,
        )

    def openapi(self) -> Json:
        """The document; FastAPI keeps it until a route is added."""
        document = super().openapi()
        if "/predict" not in document["paths"]:
            document["paths"] = {"/predict": {"post": PREDICT}, **document["paths"]}
            document["components"]["schemas"] |= schemas()
        return document


def schemas() -> dict[str, Json]:
    """The schemas that `/predict` refers to."""
    return {
        "PassengerEvent": _body_schema(),
        "Prediction": _answer_schema(),
        **_with_parts(Problem),
    }


def _body_schema() -> Json:
    """Without an id's default: None is how Python says absent, and JSON's null is refused."""
    schema = PassengerEvent.model_json_schema()
    del schema["properties"]["passenger_id"]["default"]
    return schema


def _answer_schema() -> Json:
    """A request has no source record to name."""
    schema = Prediction.model_json_schema()
    del schema["properties"]["event"]
    return {**schema, "description": "An answer."}


def _with_parts(model: type[BaseModel]) -> dict[str, Json]:
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs", {}), model.__name__: schema}
