"""Pages of imaging: the site's home and upload, the submission, quality control."""
