"""Clinical data that readers need: dossiers, from their definition to the time point."""
