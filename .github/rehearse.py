"""Run a job's shell steps here, as GitHub would: `rehearse.py WORKFLOW JOB [NAME=VALUE…]`.

In a fresh clone of what is committed and a new HOME, with the environment and the files
($GITHUB_OUTPUT, …) that a step has. NAME=VALUE gives what an expression names
(`matrix.python=3.13`, `vars.IMAGE=…`, `steps.ID.outputs.NAME=…` of an action); what nobody gave is
empty, as on GitHub. `skip=…` leaves out steps by a part of their text. Actions of others are left
out, and named.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
TOKEN = re.compile(r"'(?:[^']|'')*'|&&|\|\||[!=]=|[!()\[\],]|[\w.-]+|\s+")
EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
OPERATORS = {"&&": " and ", "||": " or ", "!": " not ", "true": "True", "false": "False"}


class Contexts(dict[str, Any]):
    """Values by their dotted names."""

    def value(self, expression: str) -> Any:
        """What GitHub's expression comes to; functions are those of FUNCTIONS."""
        tokens = TOKEN.findall(expression)
        if "".join(tokens) != expression:
            sys.exit(f"rehearse cannot read the expression {expression!r}")
        python = "".join(self._python(token) for token in tokens).strip()
        # The workflow is this repository's own, as is the code it runs.
        return eval(python, {"__builtins__": {}, "at": self.at, **self.functions()})  # noqa: S307

    def functions(self) -> dict[str, Any]:
        """The functions that workflows here use."""
        failed = bool(self.get("failed"))
        said = {"always": True, "success": not failed, "failure": failed, "cancelled": False}
        return {"toJSON": json.dumps} | {name: partial(bool, told) for name, told in said.items()}

    def at(self, name: str) -> Any:
        """The value of a dotted name; of a part of one all that is below; else nothing."""
        if name in self:
            return self[name]
        below = {k[len(name) + 1 :]: v for k, v in self.items() if k.startswith(f"{name}.")}
        return _nested(below) or ""

    def text(self, template: object) -> str:
        """A text with its expressions put in."""
        return EXPRESSION.sub(lambda found: _shown(self.value(found[1])), _shown(template))

    def holds(self, condition: object) -> bool:
        """Whether a step or job with this `if` runs."""
        text = EXPRESSION.sub(r"\1", str(condition))
        if not re.search(r"\b(always|success|failure|cancelled)\(\)", text):
            text = f"success() && ({text})"
        return bool(self.value(text))

    def _python(self, token: str) -> str:
        if token.startswith("'"):
            return repr(token[1:-1].replace("''", "'"))
        if token in OPERATORS:
            return OPERATORS[token]
        if re.match(r"[a-zA-Z_]", token) and token not in self.functions():
            return f"at({token!r})"
        return token


def _nested(flat: dict[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, value in flat.items():
        *path, last = name.split(".")
        branch = tree
        for part in path:
            branch = branch.setdefault(part, {})
        branch[last] = value
    return tree


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class Rehearsal:
    """A clone, what its steps have left so far, and how they ended."""

    def __init__(self, home: Path, contexts: Contexts, workflow: dict[str, Any]) -> None:
        self.clone, self.home, self.contexts = home / "clone", home, contexts
        self.skip = contexts.get("skip", "")
        self.shell: str = workflow.get("defaults", {}).get("run", {}).get("shell", "")
        self.path: list[str] = []
        self.env = {
            "CI": "true",
            "HOME": str(home),
            "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")),
            "GOPATH": os.environ.get("GOPATH", str(Path.home() / "go")),
            "GITHUB_WORKSPACE": str(self.clone),
            "RUNNER_TEMP": str(home / "temp"),
            "GITHUB_STEP_SUMMARY": str(home / "summary"),
        }
        self.env |= {
            f"GITHUB_{name[len('github.') :].upper()}": _shown(value)
            for name, value in contexts.items()
            if name.startswith("github.") and name.count(".") == 1
        }

    def steps(self, steps: list[dict[str, Any]], contexts: Contexts) -> None:
        """Run what is a script, follow what is an action of this repository, name the others."""
        for step in steps:
            title = step.get("name") or step.get("uses") or step["run"].strip().splitlines()[0]
            contexts |= {f"env.{name}": value for name, value in self.env.items()}
            if not contexts.holds(step.get("if", "success()")):
                _say(f"-- not run, by its if: {title}")
            elif self.skip and self.skip in str(step):
                _say(f"-- skipped, as told: {title}")
            elif str(step.get("uses", "")).startswith("./"):
                self._action(step, contexts)
            elif "uses" in step:
                _say(f"-- skipped: {title}")
            else:
                self._script(step, title, contexts)

    def _action(self, step: dict[str, Any], outside: Contexts) -> None:
        action = yaml.safe_load((self.clone / step["uses"] / "action.yml").read_text())
        inside = Contexts({k: v for k, v in outside.items() if not k.startswith("steps.")})
        inside |= {f"inputs.{name}": outside.text(v) for name, v in step.get("with", {}).items()}
        _say(f"-- {step['uses']}")
        self.steps(action["runs"]["steps"], inside)
        outside["failed"] = inside.get("failed", False)
        for name, output in action.get("outputs", {}).items():
            outside[f"steps.{step.get('id')}.outputs.{name}"] = inside.text(output["value"])

    def _script(self, step: dict[str, Any], title: str, contexts: Contexts) -> None:
        _say(f"-- {title}")
        files = {name: self.home / name for name in ("OUTPUT", "ENV", "PATH")}
        for file in files.values():
            file.write_text("")
        env = {**os.environ, **self.env}
        env |= {name: contexts.text(value) for name, value in step.get("env", {}).items()}
        env |= {f"GITHUB_{name}": str(file) for name, file in files.items()}
        env["PATH"] = os.pathsep.join([*self.path, env["PATH"]])
        bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"]
        shell = bash if (step.get("shell") or self.shell) == "bash" else ["bash", "-e", "-c"]
        ended = subprocess.run(
            [*shell, contexts.text(step["run"])], cwd=self.clone, env=env, check=False
        )
        for name, value in _assignments(files["OUTPUT"]):
            contexts[f"steps.{step.get('id')}.outputs.{name}"] = value
        self.env |= dict(_assignments(files["ENV"]))
        self.path[:0] = files["PATH"].read_text().split()
        contexts[f"steps.{step.get('id')}.conclusion"] = (
            "failure" if ended.returncode else "success"
        )
        if ended.returncode:
            _say(f"   ended with {ended.returncode}")
            contexts["failed"] = True


def _assignments(file: Path) -> Iterator[tuple[str, str]]:
    for line in file.read_text().splitlines():
        name, _, value = line.partition("=")
        yield name, value


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(name: str, job_name: str, given: list[str]) -> int:
    """Clone, run, show what a summary would show."""
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as folder:
        home = Path(folder)
        (home / "temp").mkdir()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(home / "clone")], check=True)
        workflow = yaml.safe_load((home / "clone/.github/workflows" / name).read_text())
        job = workflow["jobs"][job_name]
        head = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=home / "clone", text=True)
        contexts = Contexts(
            {
                "github.sha": head.strip(),
                "github.ref": "refs/heads/main",
                "github.ref_name": "main",
                "github.event_name": "push",
                "github.actor": "rehearsal",
                "github.repository": "owner/name",
                "github.repository_owner": "owner",
                "github.server_url": "https://github.com",
                **dict(pair.split("=", 1) for pair in given),
            }
        )
        rehearsal = Rehearsal(home, contexts, workflow)
        for env in (workflow.get("env", {}), job.get("env", {})):
            rehearsal.env |= {name: contexts.text(value) for name, value in env.items()}
        if "uses" in job or not contexts.holds(job.get("if", "success()")):
            _say(f"nothing to run: {job.get('uses') or job['if']}")
            return 0
        rehearsal.steps(job["steps"], contexts)
        for output, value in job.get("outputs", {}).items():
            _say(f"output {output}={contexts.text(value)}")
        if (home / "summary").exists():
            _say(f"summary: {(home / 'summary').read_text()}")
        _say("failed" if contexts.get("failed") else "succeeded")
        return int(bool(contexts.get("failed")))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
