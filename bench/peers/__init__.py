"""The whole benchmark against peers: contestants are processes, and take their turns in one run."""
