"""Templates: a folder with a manifest, HTML, CSS and DOCX styles is a template; adding one adds a template."""
