"""How the platform looks: frame, state palette, template tags and components; no domain rules."""
