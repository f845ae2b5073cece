"""What only maintainers of the course need; `make` calls the rest of `tools` for everybody."""
