"""What the project is measured by: the same work done by it and by others, in turn."""
