"""Pages of running the study: home, matrix, time point, overview, people, trail."""
