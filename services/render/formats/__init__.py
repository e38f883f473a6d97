"""One module a format; services.render.engine says which format a plan asks for."""
