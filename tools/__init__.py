"""What `make` calls: run the course, test it, hand it out and grade it. Run from the root."""
