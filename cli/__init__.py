"""The `titanic` command, a thin layer over the other packages."""
