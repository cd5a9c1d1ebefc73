"""Prepare a release: `make release VERSION=1.2.3`, on a clean main.

Turns the changelog's Unreleased section into the version's, sets pyproject.toml's version, commits
both on a branch of its own and says what comes next. It pushes nothing and tags nothing.
"""

import datetime
import re
import subprocess
import sys
import tomllib
from pathlib import Path

UNRELEASED = "## Unreleased\n"
NEXT = """\
{branch} holds the release. What comes next:

  git push -u origin {branch}
  gh pr create --title 'chore(release): {version}' --body 'CHANGELOG.md has the section.'

and once it is merged and `delivery` is green on it:

  git fetch origin
  commit="$(gh pr view {branch} --json mergeCommit --jq .mergeCommit.oid)"
  git tag -a v{version} -m {version} "$commit"
  git push origin v{version}
"""


def git(*arguments: str) -> str:
    """Git's output; its own words and its exit code when it fails."""
    return subprocess.run(["git", *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def order(version: str) -> tuple[int, ...]:
    """What a version is compared by."""
    return tuple(int(part) for part in version.split("."))


def released(changelog: str, version: str, day: str) -> str:
    """The changelog with the Unreleased section given to the version."""
    if changelog.count(UNRELEASED) != 1:
        sys.exit(f"CHANGELOG.md needs one line {UNRELEASED.strip()!r}")
    section = re.split(r"^## ", changelog.split(UNRELEASED)[1], flags=re.MULTILINE)[0]
    if not section.strip():
        sys.exit("CHANGELOG.md has nothing under Unreleased: 'make changelog' prints a draft")
    last = re.search(r"^## (\d+\.\d+\.\d+)", changelog, flags=re.MULTILINE)
    if last and order(version) <= order(last[1]):
        sys.exit(f"{version} is not newer than {last[1]}, the last one in CHANGELOG.md")
    return changelog.replace(UNRELEASED, f"{UNRELEASED}\n## {version} - {day}\n")


def main(version: str) -> None:
    """Check, write, commit, say what comes next."""
    if not re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", version):
        sys.exit(f"VERSION is to be like 1.2.3; it is {version!r}")
    if (branch := git("branch", "--show-current").strip()) != "main":
        sys.exit(f"a release starts on main; this is {branch or 'no branch'}")
    if changes := git("status", "--porcelain"):
        sys.exit(f"a release starts from a clean tree; not committed:\n{changes}")
    if git("tag", "--list", f"v{version}"):
        sys.exit(f"the tag v{version} is there already")

    project, changelog = Path("pyproject.toml"), Path("CHANGELOG.md")
    now = tomllib.loads(project.read_text())["project"]["version"]
    if order(version) < order(now):
        sys.exit(f"{version} is older than {now}, which pyproject.toml has")
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    section = released(changelog.read_text(), version, today)

    branch = f"release/{version}"
    git("switch", "--quiet", "--create", branch)
    changelog.write_text(section)
    project.write_text(
        project.read_text().replace(f'\nversion = "{now}"\n', f'\nversion = "{version}"\n', 1)
    )
    git("commit", "--quiet", "-m", f"chore(release): {version}", "--", str(project), str(changelog))
    sys.stdout.write(NEXT.format(branch=branch, version=version))


if __name__ == "__main__":
    try:
        main(sys.argv[1] if len(sys.argv) > 1 else "")
    except subprocess.CalledProcessError as failed:
        sys.exit(f"failed: {' '.join(failed.cmd)}")
