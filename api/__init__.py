"""The HTTP door: one request, one answer. `uvicorn api:app`"""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api.edge import Edge


def __getattr__(name: str) -> "Edge":
    """`api.app`, built when a server asks for it: to import a part of `api` builds nothing."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from api.service import create_app  # noqa: PLC0415 - see above
    from titanic_model.settings import BadSetting  # noqa: PLC0415

    try:
        app = create_app()
    except BadSetting as error:
        sys.exit(f"api: {error}")
    globals()["app"] = app
    return app
