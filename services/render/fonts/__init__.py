"""The fonts that ship with the renderer, and the only ones it ever uses."""
