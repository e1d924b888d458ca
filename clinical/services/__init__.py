"""The rules of clinical dossiers."""
