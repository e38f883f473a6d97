"""The resource API: a file for each resource. A new resource is one file here and one line in `ROUTERS`."""

from gateway.routes import exports, health, jobs, matches, previews, profiles, resumes, templates, usage

ROUTERS = (
    profiles.router,
    jobs.router,
    matches.router,
    resumes.router,
    templates.router,
    previews.router,
    exports.downloads,
    exports.router,
    usage.router,
    health.router,
)
"""In the order of the documentation; signed downloads before exports, whose {id} would swallow their path."""
