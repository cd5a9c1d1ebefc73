"""A Markdown document and its pictures as one HTML page, which asks for nothing else."""

import base64
from collections.abc import Mapping
from html import escape
from importlib import resources
from typing import Final

from markdown_it import MarkdownIt

STYLE: Final = "page.css"
# The policy is for what a text of others might smuggle in: no script, no request.
_PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<main>
{body}</main>
</body>
</html>
"""


def html(markdown: str, pictures: Mapping[str, bytes], *, title: str) -> str:
    """The page. `pictures` are PNG files by the name that the document uses.

    HTML in the document is shown as text. Raises `KeyError` for a picture that is not there.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("table_open", lambda *_: '<div class="table"><table>\n')
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    tokens = parser.parse(markdown)
    for token in tokens:
        for child in token.children or ():
            if child.type == "image":
                content = base64.b64encode(pictures[str(child.attrs["src"])]).decode()
                child.attrs["src"] = f"data:image/png;base64,{content}"
    body = parser.renderer.render(tokens, parser.options, {})
    style = resources.files("training").joinpath(STYLE).read_text(encoding="utf-8")
    return _PAGE.format(title=escape(title), style=style, body=body)
