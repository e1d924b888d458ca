"""From upload to release: submissions, images, findings and quality control."""
