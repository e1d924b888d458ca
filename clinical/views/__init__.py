"""Pages of clinical dossiers."""
